using System.Runtime.InteropServices;
using Spate.Cli;
using Spate.Engine.Ports;
using Spate.Http;

// Read by the runtime when the first socket is made: completions run on the threads that wait for them.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// The first Ctrl-C asks the command to end in good order, the second ends the process.
using var interrupt = new CancellationTokenSource();
void OnSignal(PosixSignalContext signal)
{
    if (interrupt.IsCancellationRequested) Environment.Exit((int)ExitCode.Interrupted);
    signal.Cancel = true;
    interrupt.Cancel();
}
using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);

var http = new Lazy<IHttpFetcher>(() => new HttpFetcher("Spate/" + typeof(SpateProgram).Assembly.GetName().Version!.ToString(3)));
return await SpateProgram.RunAsync(CliEnvironment.OfThisProcess(args, http, interrupt.Token));
