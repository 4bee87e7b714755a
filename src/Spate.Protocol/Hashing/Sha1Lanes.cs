using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spate.Protocol.Hashing;

/// <summary>
/// SHA-1 of up to sixteen messages of one length at the same time: each takes a lane of the processor's 512-bit vectors. One message alone
/// is bound by the chain of its rounds; sixteen side by side are four times as fast for each byte as the system's SHA-1 is with the
/// processor's own instructions for it. For one thread at a time; reused.
/// </summary>
/// <remarks>Equal to FIPS 180-4, which names the rounds, their constants and the schedule as they are named here.</remarks>
public sealed unsafe class Sha1Lanes
{
    /// <summary>Messages at most.</summary>
    public const int Count = 16;

    /// <summary>Messages go in by whole chunks of so many bytes.</summary>
    public const int ChunkSize = 64;

    /// <summary>With fewer messages it is quicker to hash one after the other.</summary>
    public const int Fewest = 6;

    private const int Rounds = 80;
    private const int StateWords = 5;
    private const int VectorBytes = 64;

    // The words of the rounds, then the state: word by word, each with its sixteen lanes side by side.
    private readonly byte[] memory = GC.AllocateUninitializedArray<byte>((Rounds + StateWords + 1) * VectorBytes, pinned: true);
    private readonly Vector512<uint>* words;
    private readonly Vector512<uint>* state;
    private readonly byte* padding;
    private readonly MemoryHandle[] pins = new MemoryHandle[Count];
    private readonly byte[] lastChunk = GC.AllocateArray<byte>(ChunkSize, pinned: true);
    private long length;

    /// <exception cref="PlatformNotSupportedException">The processor has no such vectors; see <see cref="IsSupported"/>.</exception>
    public Sha1Lanes()
    {
        if (!IsSupported) throw new PlatformNotSupportedException("Sha1Lanes needs a processor with AVX-512.");
        byte* start = (byte*)Unsafe.AsPointer(ref memory[0]);
        words = (Vector512<uint>*)(((nint)start + VectorBytes - 1) & -VectorBytes);
        state = words + Rounds;
        padding = (byte*)Unsafe.AsPointer(ref lastChunk[0]);
        Reset();
    }

    /// <summary>True where the processor can do this.</summary>
    public static bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported;

    /// <summary>Messages that this processor hashes side by side; 1 where it has no such vectors.</summary>
    public static int Available => IsSupported ? Count : 1;

    /// <summary>How many messages of one length to hash side by side: 1 where none should be.</summary>
    /// <param name="lanes">Messages that can be: <see cref="Available"/>, or what a simulated machine has.</param>
    /// <param name="length">Bytes of each message, all of them given in whole chunks.</param>
    /// <param name="room">Messages that the memory for them holds.</param>
    public static int Fit(int lanes, int length, int room)
    {
        int most = Math.Min(lanes, room);
        return most < Fewest || length % ChunkSize != 0 ? 1 : most;
    }

    /// <summary>Adds the next part of each message.</summary>
    /// <param name="parts">One for each message, always in the same order; all of one length, a multiple of <see cref="ChunkSize"/>.</param>
    /// <exception cref="ArgumentException">There are too many or too few parts, or they are not of one length of whole chunks.</exception>
    public void Append(ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        if (parts.Length is 0 or > Count) throw new ArgumentException($"There must be 1 to {Count} parts, not {parts.Length}.", nameof(parts));
        int size = parts[0].Length;
        if (size % ChunkSize != 0) throw new ArgumentException($"{size} bytes are not whole chunks of {ChunkSize}.", nameof(parts));
        byte** lanes = stackalloc byte*[Count];
        try
        {
            for (int i = 0; i < parts.Length; i++)
            {
                if (parts[i].Length != size) throw new ArgumentException($"One part has {parts[i].Length} bytes, the first one {size}.", nameof(parts));
                pins[i] = parts[i].Pin();
                lanes[i] = (byte*)pins[i].Pointer;
            }
            for (int i = parts.Length; i < Count; i++) lanes[i] = lanes[0]; // what comes of a spare lane is not looked at
            for (int at = 0; at < size; at += ChunkSize) AddChunk(lanes, at);
        }
        finally
        {
            for (int i = 0; i < parts.Length; i++) pins[i].Dispose();
            pins.AsSpan().Clear();
        }
        length += size;
    }

    /// <summary>Gives the hashes of as many messages as there is room for; it is then ready for the next ones.</summary>
    public void Finish(Span<Sha1Hash> hashes)
    {
        lastChunk.AsSpan().Clear();
        lastChunk[0] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(lastChunk.AsSpan(ChunkSize - sizeof(long)), length * 8);
        byte** lanes = stackalloc byte*[Count];
        for (int i = 0; i < Count; i++) lanes[i] = padding;
        AddChunk(lanes, 0);
        for (int i = 0; i < hashes.Length; i++)
        {
            Span<byte> hash = hashes[i];
            for (int word = 0; word < StateWords; word++) BinaryPrimitives.WriteUInt32BigEndian(hash[(word * sizeof(uint))..], ((uint*)(state + word))[i]);
        }
        Reset();
    }

    private void Reset()
    {
        state[0] = Vector512.Create(0x67452301u);
        state[1] = Vector512.Create(0xefcdab89u);
        state[2] = Vector512.Create(0x98badcfeu);
        state[3] = Vector512.Create(0x10325476u);
        state[4] = Vector512.Create(0xc3d2e1f0u);
        length = 0;
    }

    private void AddChunk(byte** lanes, int at)
    {
        LoadWords(words, lanes, at);
        RunRounds(words, state);
    }

    // Word t of all lanes goes into words[t]: four words at a time are read of each lane and turned round.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LoadWords(Vector512<uint>* words, byte** lanes, int at)
    {
        for (int end = at + ChunkSize; at < end; at += Vector128<byte>.Count, words += 4)
        {
            Vector512<uint> first = LoadRow(lanes, at), second = LoadRow(lanes + 1, at), third = LoadRow(lanes + 2, at), fourth = LoadRow(lanes + 3, at);
            Vector512<ulong> low12 = Avx512F.UnpackLow(first, second).AsUInt64(), high12 = Avx512F.UnpackHigh(first, second).AsUInt64();
            Vector512<ulong> low34 = Avx512F.UnpackLow(third, fourth).AsUInt64(), high34 = Avx512F.UnpackHigh(third, fourth).AsUInt64();
            words[0] = Avx512F.UnpackLow(low12, low34).AsUInt32();
            words[1] = Avx512F.UnpackHigh(low12, low34).AsUInt32();
            words[2] = Avx512F.UnpackLow(high12, high34).AsUInt32();
            words[3] = Avx512F.UnpackHigh(high12, high34).AsUInt32();
        }
    }

    // Four words of every fourth lane, as big-endian numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> LoadRow(byte** lanes, int at)
    {
        Vector512<uint> row = Vector512.CreateScalarUnsafe(0u);
        row = Avx512F.InsertVector128(row, Vector128.Load((uint*)(lanes[0] + at)), 0);
        row = Avx512F.InsertVector128(row, Vector128.Load((uint*)(lanes[4] + at)), 1);
        row = Avx512F.InsertVector128(row, Vector128.Load((uint*)(lanes[8] + at)), 2);
        row = Avx512F.InsertVector128(row, Vector128.Load((uint*)(lanes[12] + at)), 3);
        Vector128<byte> reversed = Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        Vector256<byte> twice = Vector256.Create(reversed, reversed);
        return Avx512BW.Shuffle(row.AsByte(), Vector512.Create(twice, twice)).AsUInt32();
    }

    // Five rounds at a time, after which a to e are in their places again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunRounds(Vector512<uint>* w, Vector512<uint>* state)
    {
        Vector512<uint> a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        Vector512<uint>* start = w;
        Vector512<uint> k = Vector512.Create(0x5a827999u);
        for (; w < start + 15; w += 5) FiveRounds<Choose, Given>(w, k, ref a, ref b, ref c, ref d, ref e);
        FiveRounds<Choose, GivenAndMade>(w, k, ref a, ref b, ref c, ref d, ref e); // the sixteenth word is the last of the message's own
        w += 5;
        k = Vector512.Create(0x6ed9eba1u);
        for (; w < start + 40; w += 5) FiveRounds<Parity, Made>(w, k, ref a, ref b, ref c, ref d, ref e);
        k = Vector512.Create(0x8f1bbcdcu);
        for (; w < start + 60; w += 5) FiveRounds<Majority, Made>(w, k, ref a, ref b, ref c, ref d, ref e);
        k = Vector512.Create(0xca62c1d6u);
        for (; w < start + Rounds; w += 5) FiveRounds<Parity, Made>(w, k, ref a, ref b, ref c, ref d, ref e);
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FiveRounds<TFunction, TSchedule>(
        Vector512<uint>* w, Vector512<uint> k,
        ref Vector512<uint> a, ref Vector512<uint> b, ref Vector512<uint> c, ref Vector512<uint> d, ref Vector512<uint> e)
        where TFunction : IFunction
        where TSchedule : ISchedule
    {
        Round<TFunction>(a, ref b, c, d, ref e, TSchedule.First(w) + k);
        Round<TFunction>(e, ref a, b, c, ref d, TSchedule.Other(w + 1) + k);
        Round<TFunction>(d, ref e, a, b, ref c, TSchedule.Other(w + 2) + k);
        Round<TFunction>(c, ref d, e, a, ref b, TSchedule.Other(w + 3) + k);
        Round<TFunction>(b, ref c, d, e, ref a, TSchedule.Other(w + 4) + k);
    }

    // The sum is put together so that the next round waits for one rotation and one addition only.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round<TFunction>(
        Vector512<uint> a, ref Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, ref Vector512<uint> e, Vector512<uint> wk)
        where TFunction : IFunction
    {
        e = Avx512F.RotateLeft(a, 5) + (TFunction.Of(b, c, d) + (e + wk));
        b = Avx512F.RotateLeft(b, 30);
    }

    // The function of a round; the constant is its truth table.
    private interface IFunction
    {
        static abstract Vector512<uint> Of(Vector512<uint> b, Vector512<uint> c, Vector512<uint> d);
    }

    private readonly struct Choose : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Of(Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) => Avx512F.TernaryLogic(b, c, d, 0xca);
    }

    private readonly struct Parity : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Of(Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) => Avx512F.TernaryLogic(b, c, d, 0x96);
    }

    private readonly struct Majority : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Of(Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) => Avx512F.TernaryLogic(b, c, d, 0xe8);
    }

    // Where the word of a round comes from: the message, or the words before it.
    private interface ISchedule
    {
        static abstract Vector512<uint> First(Vector512<uint>* w);

        static abstract Vector512<uint> Other(Vector512<uint>* w);
    }

    private readonly struct Given : ISchedule
    {
        public static Vector512<uint> First(Vector512<uint>* w) => *w;

        public static Vector512<uint> Other(Vector512<uint>* w) => *w;
    }

    private readonly struct GivenAndMade : ISchedule
    {
        public static Vector512<uint> First(Vector512<uint>* w) => *w;

        public static Vector512<uint> Other(Vector512<uint>* w) => Made.First(w);
    }

    private readonly struct Made : ISchedule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> First(Vector512<uint>* w) =>
            *w = Avx512F.RotateLeft(Parity.Of(w[-3], w[-8], w[-14]) ^ w[-16], 1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Other(Vector512<uint>* w) => First(w);
    }
}
