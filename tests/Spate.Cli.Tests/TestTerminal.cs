using System.Text;
using System.Text.Json;
using Spate.Engine.Ports;

namespace Spate.Cli.Tests;

/// <summary>A folder, streams and a clock to run whole commands with, in this process.</summary>
internal sealed class TestTerminal : IDisposable
{
    private readonly Dictionary<string, string> variables = [];

    public TestTerminal() => Folder = Directory.CreateTempSubdirectory("spate-cli-").FullName;

    public string Folder { get; }

    public byte[] Input { get; set; } = [];

    public bool IsTerminal { get; set; }

    public int Width { get; set; } = 100;

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public FakeHttp Http { get; } = new();

    public CancellationToken Interrupt { get; set; }

    /// <summary>What carries requests to a daemon.</summary>
    public Func<HttpMessageHandler> MakeHttpHandler { get; set; } = static () => new SocketsHttpHandler();

    /// <summary>Standard output of the last run.</summary>
    public string Out => Encoding.UTF8.GetString(OutBytes);

    public byte[] OutBytes { get; private set; } = [];

    /// <summary>Standard error of the last run.</summary>
    public string Err { get; private set; } = "";

    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public string this[string name] => Path.Combine(Folder, name);

    public void Set(string variable, string value) => variables[variable] = value;

    public string Write(string name, long length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return Write(name, bytes);
    }

    public string Write(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public ExitCode Run(params string[] arguments)
    {
        var output = new MemoryStream();
        var error = new StringWriter();
        var environment = new CliEnvironment
        {
            Arguments = arguments,
            WorkingDirectory = Folder,
            Input = new MemoryStream(Input),
            Output = output,
            Error = TextWriter.Synchronized(error),
            IsOutputTerminal = IsTerminal,
            IsErrorTerminal = IsTerminal,
            Width = () => Width,
            Time = Time,
            Variable = name => variables.GetValueOrDefault(name),
            Http = new Lazy<IHttpFetcher>(Http),
            Interrupt = Interrupt,
            MakeHttpHandler = MakeHttpHandler,
        };
        int code = SpateProgram.RunAsync(environment).GetAwaiter().GetResult();
        OutBytes = output.ToArray();
        Err = error.ToString();
        return (ExitCode)code;
    }

    /// <summary>Runs, and fails the test with what was said when it does not end well.</summary>
    public void Ok(params string[] arguments)
    {
        ExitCode code = Run(arguments);
        Assert.True(code == ExitCode.Ok, $"{string.Join(' ', arguments)} ended with {code}: {Err}");
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal sealed class FakeHttp : IHttpFetcher
    {
        public Dictionary<string, (int Status, byte[] Body)> Pages { get; } = [];

        public ValueTask<HttpAnswer> GetAsync(HttpRequest request, CancellationToken cancellation)
        {
            if (!Pages.TryGetValue(request.Address.ToString(), out (int Status, byte[] Body) page))
                throw new IOException($"{request.Address.Host} refused the connection.");
            if (page.Body.Length > request.MaxBytes) throw new IOException("the answer is too long.");
            return ValueTask.FromResult(new HttpAnswer(page.Status, page.Body, request.Address));
        }
    }
}
