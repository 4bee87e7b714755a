using System.Runtime.InteropServices;

namespace Spate.Tracker.Linux;

/// <summary>The system calls of Linux that .NET's sockets do not offer: datagrams in batches, epoll, accept4.</summary>
internal static unsafe partial class Libc
{
    public const int MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_MORE = 0x8000, MSG_WAITFORONE = 0x10000, MSG_TRUNC = 0x20;
    public const int SHUT_RDWR = 2;
    public const int SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
    public const uint EPOLLIN = 1, EPOLLOUT = 4;
    public const int EPOLL_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800, EFD_CLOEXEC = 0x80000;
    public const int F_GETFL = 3, F_SETFL = 4, O_NONBLOCK = 0x800;
    public const int EINTR = 4, EAGAIN = 11, EMFILE = 24, ENFILE = 23, ENOBUFS = 105, ENOMEM = 12;
    public const int SOL_UDP = 17, UDP_SEGMENT = 103;
    public const int SOL_TCP = 6, TCP_DEFER_ACCEPT = 9;
    public const int MADV_HUGEPAGE = 14;
    public const ushort AF_INET = 2, AF_INET6 = 10;

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVec
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MsgHdr
    {
        public void* Name;
        public uint NameLength;
        public IoVec* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MMsgHdr
    {
        public MsgHdr Header;
        public uint Length;
    }

    /// <summary>sockaddr_in and sockaddr_in6 in one: the address stands at offset 4 or 8.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 28)]
    public struct SockAddr
    {
        public ushort Family;
        public ushort PortNetworkOrder;
        public uint AddressV4OrFlow;
        public fixed byte AddressV6[16];
        public uint Scope;
    }

    /// <summary>cmsghdr with a 16-bit number, as UDP_SEGMENT takes it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    public struct SegmentControl
    {
        public nuint Length;
        public int Level, Type;
        public ushort SegmentSize;

        /// <summary>What stands in <see cref="Length"/>: header and number.</summary>
        public static nuint UsedLength => (nuint)sizeof(nuint) + 2 * sizeof(int) + sizeof(ushort);
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int recvmmsg(int socket, MMsgHdr* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sendmmsg(int socket, MMsgHdr* messages, uint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int shutdown(int socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int accept4(int socket, SockAddr* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(int socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recv(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint send(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int descriptor, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(int epoll, int operation, int descriptor, void* change);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(int epoll, void* events, int maxEvents, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, void* buffer, nuint length);

    /// <summary>Asks for huge pages where the system gives them on demand; nothing depends on it.</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    /// <summary>Makes the names in a folder survive a power cut.</summary>
    public static void FlushFolder(string path)
    {
        const int readOnly = 0, closeOnExec = 0x80000;
        int descriptor = open(path, readOnly | closeOnExec);
        if (descriptor < 0) throw new IOException($"{path} can't be opened (error {LastError}).");
        int failed = fsync(descriptor);
        _ = close(descriptor);
        if (failed != 0) throw new IOException($"{path} can't be flushed (error {LastError}).");
    }

    /// <summary>The reason of the last call's failure.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();
}
