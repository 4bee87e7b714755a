using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Spate.Engine.Dht;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Cli.Commands;

/// <summary><c>spate dht get</c> and <c>put</c>: items that nodes keep (BEP 44).</summary>
internal static partial class DhtItemCommands
{
    private const int PublicKeyDigits = KrpcLimits.PublicKeySize * 2;

    private static readonly Option<string> salt = new("--salt")
    {
        Description = "Tells the items of one key apart: at most 64 bytes of text", HelpName = "TEXT",
        Validators =
        {
            static result =>
            {
                foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                {
                    if (Encoding.UTF8.GetByteCount(token.Value) > KrpcLimits.MaxSalt) result.AddError($"--salt takes at most {KrpcLimits.MaxSalt} bytes.");
                }
            },
        },
    };

    public static Command Get(CliEnvironment environment)
    {
        var key = new Argument<string>("target") { Description = "What put printed: 40 hex digits, or the public key of 64 with its --salt" };
        var raw = new Option<bool>("--raw") { Description = "Print the value's own bytes and nothing else" };
        var command = new Command("get", "Print an item that nodes keep (BEP 44)") { key, salt, raw };
        return DhtAccess.Options(command).Does(environment, async context =>
        {
            byte[] salted = Encoding.UTF8.GetBytes(context.Get(salt) ?? "");
            Sha1Hash target = ReadTarget(context.Get(key)!, salted);
            using DhtAccess access = await DhtAccess.JoinAsync(context);
            DhtGot got = await access.WithinTimeAsync(access.Client.GetAsync(target, salted, access.Cancel));
            access.NoteEffort(got);
            if (got.Item is not { } item)
                throw new CliException(ExitCode.NotFound, $"No node has this item{(got.Copies == 0 && salted.Length == 0 ? ", or it needs its --salt" : "")}.");
            ReadOnlySpan<byte> value = ContentOf(item.Value.Span);
            if (context.IsJson) context.Print(ItemJson.Of(target, item, got), DhtItemJsonContext.Default.ItemJson);
            else if (context.Get(raw)) context.Print(value);
            else context.Out.Line($"{Encoding.UTF8.GetString(value)}");
            if (item.IsMutable) context.Note($"version {item.Sequence} of {Convert.ToHexStringLower(item.PublicKey.Span)}; {got.Copies} copies");
            else context.Note($"{got.Copies} copies");
            return ExitCode.Ok;
        });
    }

    public static Command Put(CliEnvironment environment)
    {
        var value = new Argument<string>("value") { Description = "A text of at most 996 bytes, or - for standard input" };
        var bencoded = new Option<bool>("--bencoded") { Description = "The value is bencoded already, and of any kind" };
        var keyFile = new Option<string>("--key") { Description = "Sign it: a file with a secret key, as --new-key makes it", HelpName = "FILE" };
        var newKey = new Option<string>("--new-key") { Description = "Make a secret key, write it to the file, and sign with it", HelpName = "FILE" };
        var seed = new Option<string>("--seed") { Description = "Sign with this secret key; others on this machine can see it", HelpName = "HEX" };
        var sequence = new Option<long?>("--seq") { Description = "The version (default: one more than the one that is there)", HelpName = "N", Validators = { CheckVersion } };
        var cas = new Option<long?>("--cas") { Description = "Only replace this version", HelpName = "N", Validators = { CheckVersion } };
        var command = new Command("put", "Have nodes keep a small item for two hours (BEP 44)") { value, bencoded, keyFile, newKey, seed, salt, sequence, cas };
        return DhtAccess.Options(command).Does(environment, async context =>
        {
            byte[] content = context.Get(value) == "-" ? context.Environment.ReadInput(KrpcLimits.MaxValue) : Encoding.UTF8.GetBytes(context.Get(value)!);
            if (!context.Get(bencoded)) content = [.. Encoding.ASCII.GetBytes(content.Length.ToString(CultureInfo.InvariantCulture)), (byte)':', .. content];
            byte[]? secret = ReadSecret(context, context.Get(keyFile), context.Get(newKey), context.Get(seed));
            if (secret is null && (context.Has(salt) || context.Has(sequence) || context.Has(cas)))
                throw new CliException(ExitCode.Usage, "--salt, --seq and --cas are for items that are signed: give --key, --new-key or --seed.");
            byte[] salted = Encoding.UTF8.GetBytes(context.Get(salt) ?? "");
            DhtItem item = Sign(secret, salted, context.Get(sequence) ?? 0, content); // says what is wrong with it before anybody is asked

            using DhtAccess access = await DhtAccess.JoinAsync(context);
            if (secret is not null && context.Get(sequence) is null)
            {
                DhtGot now = await access.WithinTimeAsync(access.Client.GetAsync(item.Target, salted, access.Cancel));
                if (now.Item is { } current) item = Sign(secret, salted, current.Sequence + 1, content);
            }
            DhtPut put = await access.WithinTimeAsync(access.Client.PutAsync(item, context.Get(cas), access.Cancel));
            access.NoteEffort(put);
            if (context.IsJson)
            {
                context.Print(new PutJson("spate.dht-put/1", item.Target.ToString(), put.Stored, put.Refused)
                {
                    PublicKey = item.IsMutable ? Convert.ToHexStringLower(item.PublicKey.Span) : null,
                    Seq = item.IsMutable ? item.Sequence : null,
                    Error = put.LastError == 0 ? null : put.LastError,
                }, DhtItemJsonContext.Default.PutJson);
            }
            if (put.Stored == 0)
            {
                throw new CliException(put.Refused > 0 ? ExitCode.Error : ExitCode.Network, put.LastError switch
                {
                    KrpcErrors.CasMismatch => "the nodes have another version than --cas names; nothing was replaced.",
                    KrpcErrors.SequenceTooOld => $"the nodes have this version ({item.Sequence}) or a newer one; nothing was replaced.",
                    _ when put.Refused > 0 => $"{put.Refused} nodes refused it (error {put.LastError}).",
                    _ => "no node took it.",
                });
            }
            if (!context.IsJson) context.Out.Line($"{item.Target.ToString()}");
            if (item.IsMutable) context.Note($"version {item.Sequence} of {Convert.ToHexStringLower(item.PublicKey.Span)}");
            context.Note($"{put.Stored} nodes keep it for two hours");
            return ExitCode.Ok;
        });
    }

    /// <summary>What a value holds: the bytes of a string, and its bencoded form where it is something else.</summary>
    internal static ReadOnlySpan<byte> ContentOf(ReadOnlySpan<byte> value) =>
        BencodeReader.TryOpen(value, new BencodeLimits(KrpcLimits.MaxValue, 100, KrpcLimits.MaxValue), out BencodeReader reader, out _)
            && reader.TryReadBytes(out ReadOnlySpan<byte> text) ? text : value;

    private static Sha1Hash ReadTarget(string text, byte[] salt)
    {
        if (Sha1Hash.TryParseHex(text, out Sha1Hash target)) return target;
        if (text.Length == PublicKeyDigits && TryReadHex(text, out byte[] publicKey)) return DhtItem.TargetOf(publicKey, salt);
        throw new CliException(ExitCode.Usage, $"'{text}' is neither a target of 40 hex digits nor a public key of {PublicKeyDigits}.");
    }

    private static DhtItem Sign(byte[]? secret, byte[] salt, long sequence, byte[] value)
    {
        try { return secret is null ? DhtItem.Immutable(value) : DhtItem.Mutable(secret, salt, sequence, value); }
        catch (ArgumentException) { throw new CliException(ExitCode.Usage, $"The value is longer than {KrpcLimits.MaxValue} bytes with its length, or no proper bencode."); }
        catch (CryptographicException e) { throw new CliException(ExitCode.Error, e.Message, e); }
    }

    private static byte[]? ReadSecret(CommandContext context, string? file, string? newFile, string? hex)
    {
        if (new[] { file, newFile, hex }.Count(static given => given is not null) > 1)
            throw new CliException(ExitCode.Usage, "--key, --new-key and --seed exclude each other.");
        if (newFile is not null)
        {
            byte[] made = RandomNumberGenerator.GetBytes(Ed25519.SeedSize);
            WriteSecret(context.Environment.Resolve(newFile), Convert.ToHexStringLower(made) + "\n");
            return made;
        }
        if (file is not null) hex = Encoding.ASCII.GetString(context.Environment.ReadFile(file, 1024)).Trim();
        if (hex is null) return null;
        if (hex.Length == Ed25519.SeedSize * 2 && TryReadHex(hex, out byte[] secret)) return secret;
        throw new CliException(ExitCode.Usage, $"{(file is null ? "--seed" : file)} is no secret key: it must be {Ed25519.SeedSize * 2} hex digits.");
    }

    // Readable by its owner alone, and never in place of another file.
    private static void WriteSecret(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new StreamWriter(path, Encoding.ASCII, options);
        file.Write(text);
    }

    private static bool TryReadHex(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out int written) == System.Buffers.OperationStatus.Done && written == bytes.Length;
    }

    private static void CheckVersion(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            if (!long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"{result.Option.Name} takes a number that is not below 0, not '{token.Value}'.");
        }
    }

    internal sealed record ItemJson(string Schema, string Target, string? Text, string ValueHex, int Copies, int NodesAsked, int NodesAnswered)
    {
        public string? PublicKey { get; init; }

        public long? Seq { get; init; }

        public string? SignatureHex { get; init; }

        /// <summary>Text where the value is a string of UTF-8.</summary>
        public static ItemJson Of(Sha1Hash target, DhtItem item, DhtGot got)
        {
            string? text = null;
            try { text = item.Value.Span[0] is >= (byte)'0' and <= (byte)'9' ? new UTF8Encoding(false, true).GetString(ContentOf(item.Value.Span)) : null; }
            catch (DecoderFallbackException) { } // its bytes are in value_hex
            return new ItemJson("spate.dht-item/1", target.ToString(), text, Convert.ToHexStringLower(item.Value.Span), got.Copies, got.NodesAsked, got.NodesAnswered)
            {
                PublicKey = item.IsMutable ? Convert.ToHexStringLower(item.PublicKey.Span) : null,
                Seq = item.IsMutable ? item.Sequence : null,
                SignatureHex = item.IsMutable ? Convert.ToHexStringLower(item.Signature.Span) : null,
            };
        }
    }

    internal sealed record PutJson(string Schema, string Target, int Stored, int Refused)
    {
        public string? PublicKey { get; init; }

        public long? Seq { get; init; }

        public int? Error { get; init; }
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(ItemJson))]
    [JsonSerializable(typeof(PutJson))]
    internal sealed partial class DhtItemJsonContext : JsonSerializerContext;
}
