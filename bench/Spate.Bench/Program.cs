using BenchmarkDotNet.Running;

// dotnet run -c Release --project bench/Spate.Bench -- --filter '*Bencode*' --job short
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
