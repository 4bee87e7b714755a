using System.Net;
using System.Net.Sockets;

namespace Spate.Engine.Discovery;

/// <summary>How far an address reaches.</summary>
public enum AddressScope
{
    /// <summary>Names no host that one could talk to: multicast, reserved.</summary>
    Unusable,

    /// <summary>This machine: loopback, and the unspecified addresses, which connect to it.</summary>
    ThisMachine,

    /// <summary>A network that is not the Internet: private, link-local, shared by a provider, for benchmarks (RFC 1918, 4193, 6598, 6890).</summary>
    LocalNetwork,

    /// <summary>The Internet.</summary>
    Global,
}

/// <summary>Tells scopes of addresses apart.</summary>
public static class AddressScopes
{
    private static readonly byte[] nat64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]; // RFC 6052

    /// <summary>The scope of an address; IPv4 addresses that are written into IPv6 ones (mapped, NAT64, 6to4) are read as what they are.</summary>
    public static AddressScope ScopeOf(this IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return AddressScope.ThisMachine;
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            Span<byte> b = stackalloc byte[4];
            address.TryWriteBytes(b, out _);
            return (b[0], b[1]) switch
            {
                (0, _) => AddressScope.ThisMachine,
                ( >= 224, _) => AddressScope.Unusable,
                (10, _) or (172, >= 16 and <= 31) or (192, 168) or (169, 254) or (100, >= 64 and <= 127) or (198, 18 or 19) => AddressScope.LocalNetwork,
                (192, 0) when b[2] == 0 => AddressScope.LocalNetwork,
                _ => AddressScope.Global,
            };
        }
        if (address.Equals(IPAddress.IPv6Any)) return AddressScope.ThisMachine;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (bytes.StartsWith(nat64)) return new IPAddress(bytes[12..]).ScopeOf();
        if (bytes is [0x20, 0x02, ..]) return new IPAddress(bytes[2..6]).ScopeOf();
        if (address.IsIPv6Multicast) return AddressScope.Unusable;
        return address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal || address.IsIPv6SiteLocal ? AddressScope.LocalNetwork : AddressScope.Global;
    }
}
