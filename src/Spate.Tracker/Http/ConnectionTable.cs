using System.Runtime.InteropServices;
using Spate.Tracker.Linux;

namespace Spate.Tracker.Http;

/// <summary>What a connection of the fast lane is doing.</summary>
internal enum ConnectionState : byte
{
    Closed,

    /// <summary>A request is awaited or half received.</summary>
    Reading,

    /// <summary>All is answered; the client may ask again.</summary>
    Idle,

    /// <summary>An answer is half sent.</summary>
    Sending,
}

/// <summary>One connection of the fast lane.</summary>
internal unsafe struct Connection
{
    /// <summary>When it came to its state, in milliseconds.</summary>
    public long Since;

    /// <summary>What was received of a request or is left of an answer; null for nothing.</summary>
    public byte* Pending;

    public int PendingLength, PendingCapacity;
    public int Previous, Next;
    public ConnectionState State;
    public bool IsWatched, KeepOpen, AwaitsProxyHeader;
    private byte addressLength;
    private fixed byte address[16];

    /// <summary>The client's address: 4 or 16 bytes. Valid while the table stands still.</summary>
    public ReadOnlySpan<byte> Address => MemoryMarshal.CreateReadOnlySpan(ref address[0], addressLength);

    public void SetAddress(in Libc.SockAddr remote)
    {
        fixed (Libc.SockAddr* from = &remote)
        {
            SetAddress(from->Family == Libc.AF_INET6
                ? new ReadOnlySpan<byte>(from->AddressV6, 16)
                : new ReadOnlySpan<byte>(&from->AddressV4OrFlow, 4));
        }
    }

    /// <param name="bytes">4 or 16 bytes.</param>
    public void SetAddress(ReadOnlySpan<byte> bytes)
    {
        addressLength = (byte)bytes.Length;
        bytes.CopyTo(MemoryMarshal.CreateSpan(ref address[0], 16));
    }

    public void FreePending()
    {
        NativeMemory.Free(Pending);
        Pending = null;
        PendingLength = PendingCapacity = 0;
    }
}

/// <summary>
/// The connections of one loop by their descriptor, and a list for each state in the order of time: since all connections in a state
/// have the same deadline, the first is always the next to be late.
/// </summary>
internal unsafe struct ConnectionTable : IDisposable
{
    private Connection* slots;
    private fixed int first[4], last[4];

    public ConnectionTable(int capacity)
    {
        slots = (Connection*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(Connection));
        Length = capacity;
        for (int i = 0; i < 4; i++) first[i] = last[i] = -1;
    }

    /// <summary>Descriptors below this one have a slot.</summary>
    public int Length { get; private set; }

    /// <summary>Open connections.</summary>
    public int Count { get; private set; }

    public readonly ref Connection this[int descriptor] => ref slots[descriptor];

    /// <summary>The connection that has been in a state for longest, or -1.</summary>
    public readonly int Oldest(ConnectionState state) => first[(int)state];

    /// <summary>Enters a descriptor that the system has just given.</summary>
    public ref Connection Open(int descriptor, long now)
    {
        if (descriptor >= Length) Grow(descriptor + 1);
        slots[descriptor] = default;
        Count++;
        Append(descriptor, ConnectionState.Reading, now);
        return ref slots[descriptor];
    }

    public void Move(int descriptor, ConnectionState state, long now)
    {
        Unlink(descriptor);
        Append(descriptor, state, now);
    }

    /// <summary>Forgets a connection and frees its memory; the descriptor is the caller's to close.</summary>
    public void Remove(int descriptor)
    {
        Unlink(descriptor);
        slots[descriptor].FreePending();
        slots[descriptor].State = ConnectionState.Closed;
        Count--;
    }

    public void Dispose()
    {
        NativeMemory.Free(slots);
        slots = null;
        Length = 0;
    }

    private void Append(int descriptor, ConnectionState state, long now)
    {
        ref Connection connection = ref slots[descriptor];
        (connection.State, connection.Since, connection.Next, connection.Previous) = (state, now, -1, last[(int)state]);
        if (connection.Previous >= 0) slots[connection.Previous].Next = descriptor;
        else first[(int)state] = descriptor;
        last[(int)state] = descriptor;
    }

    private void Unlink(int descriptor)
    {
        ref Connection connection = ref slots[descriptor];
        if (connection.Previous >= 0) slots[connection.Previous].Next = connection.Next;
        else first[(int)connection.State] = connection.Next;
        if (connection.Next >= 0) slots[connection.Next].Previous = connection.Previous;
        else last[(int)connection.State] = connection.Previous;
    }

    private void Grow(int needed)
    {
        int length = Math.Max(needed, Length * 2);
        slots = (Connection*)NativeMemory.Realloc(slots, (nuint)length * (nuint)sizeof(Connection));
        NativeMemory.Clear(slots + Length, (nuint)(length - Length) * (nuint)sizeof(Connection));
        Length = length;
    }
}
