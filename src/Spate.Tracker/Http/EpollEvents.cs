using System.Runtime.InteropServices;

namespace Spate.Tracker.Http;

/// <summary>Epoll's event structure, which x86-64 packs into 12 bytes and all others lay out in 16.</summary>
internal sealed unsafe class EpollEvents : IDisposable
{
    private static readonly int size = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>Room for one event of either layout.</summary>
    public struct Change
    {
        public fixed uint Words[4];
    }

    public EpollEvents(int count)
    {
        Pointer = (byte*)NativeMemory.AllocZeroed((nuint)(count * size));
    }

    public byte* Pointer { get; private set; }

    /// <summary>The descriptor that an event is about.</summary>
    public int Descriptor(int i) => *(int*)(Pointer + i * size + (size - 8));

    /// <summary>Writes what epoll_ctl takes.</summary>
    public static void Fill(out Change change, uint events, int descriptor)
    {
        change = default;
        change.Words[0] = events;
        change.Words[(size - 8) / 4] = (uint)descriptor;
    }

    public void Dispose()
    {
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
