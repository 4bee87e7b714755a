using Spate.Tracker.Linux;

namespace Spate.Tracker.Udp;

/// <summary>
/// Answers that leave in one system call. Those to one client that follow each other and have one length become one message, which the
/// kernel cuts again (UDP_SEGMENT, Linux 4.18): clients with many torrents announce in bursts, and then most of the way through the kernel is
/// gone once for all of them. Lives in unmanaged memory that the owner gives.
/// </summary>
internal sealed unsafe class AnswerBatch(int descriptor, Libc.MMsgHdr* messages, Libc.IoVec* vectors, Libc.SegmentControl* controls)
{
    // What a message may hold: the longest UDP packet, and as many segments as every kernel takes.
    private const int MaxBytes = 65_000, MaxSegments = 64;

    private int answers, groups;
    private int segmentSize, groupBytes; // of the last group
    private bool groupIsOpen;
    private bool canSegment = true;

    /// <summary>Memory that is needed for messages, vectors and controls of a batch.</summary>
    public static nuint SizeFor(int capacity) =>
        (nuint)capacity * ((nuint)sizeof(Libc.MMsgHdr) + (nuint)sizeof(Libc.IoVec) + (nuint)sizeof(Libc.SegmentControl));

    /// <summary>Where the next answer is to be written.</summary>
    public byte* Next => vectors[answers].Base;

    /// <summary>Takes the answer that stands at <see cref="Next"/>. The address must stay where it is until <see cref="Send"/>.</summary>
    public void Add(int length, Libc.SockAddr* to, uint addressLength)
    {
        vectors[answers].Length = (nuint)length;
        if (canSegment && groupIsOpen && length <= segmentSize && groupBytes + length <= MaxBytes && IsSame((Libc.SockAddr*)messages[groups - 1].Header.Name, to))
        {
            ref Libc.MsgHdr header = ref messages[groups - 1].Header;
            header.VectorCount++;
            groupBytes += length;
            groupIsOpen = length == segmentSize && header.VectorCount < MaxSegments; // only the last segment may be shorter
        }
        else
        {
            messages[groups].Header = new Libc.MsgHdr { Name = to, NameLength = addressLength, Vectors = vectors + answers, VectorCount = 1 };
            groups++;
            (segmentSize, groupBytes, groupIsOpen) = (length, length, true);
        }
        if (messages[groups - 1].Header.VectorCount == 2) UseSegments(groups - 1);
        answers++;
    }

    /// <summary>Sends all and begins anew.</summary>
    public void Send()
    {
        Libc.MMsgHdr* next = messages;
        int left = groups;
        while (left > 0)
        {
            int sent = Libc.sendmmsg(descriptor, next, (uint)left, 0);
            if (sent <= 0)
            {
                if (Libc.LastError == Libc.EINTR) continue;
                // This one can't be sent (no route, a firewall's refusal): on with the next. Segments are tried without the kernel's help, and
                // that is not asked for again.
                if (next->Header.VectorCount > 1)
                {
                    canSegment = false;
                    SendOneByOne(next->Header);
                }
                sent = 1;
            }
            next += sent;
            left -= sent;
        }
        (answers, groups, groupIsOpen) = (0, 0, false);
    }

    private void UseSegments(int group)
    {
        controls[group] = new Libc.SegmentControl
        {
            Length = Libc.SegmentControl.UsedLength, Level = Libc.SOL_UDP, Type = Libc.UDP_SEGMENT, SegmentSize = (ushort)segmentSize,
        };
        messages[group].Header.Control = controls + group;
        messages[group].Header.ControlLength = (nuint)sizeof(Libc.SegmentControl);
    }

    private void SendOneByOne(Libc.MsgHdr group)
    {
        for (nuint i = 0; i < group.VectorCount; i++)
        {
            var message = new Libc.MMsgHdr { Header = new Libc.MsgHdr { Name = group.Name, NameLength = group.NameLength, Vectors = group.Vectors + i, VectorCount = 1 } };
            while (Libc.sendmmsg(descriptor, &message, 1, 0) < 0 && Libc.LastError == Libc.EINTR) { }
        }
    }

    private static bool IsSame(Libc.SockAddr* a, Libc.SockAddr* b)
    {
        if (a->Family != b->Family || a->PortNetworkOrder != b->PortNetworkOrder) return false;
        return a->Family == Libc.AF_INET
            ? a->AddressV4OrFlow == b->AddressV4OrFlow
            : new ReadOnlySpan<byte>(a->AddressV6, 20).SequenceEqual(new ReadOnlySpan<byte>(b->AddressV6, 20)); // and the scope behind it
    }
}
