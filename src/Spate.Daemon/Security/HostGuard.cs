using System.Net;
using Microsoft.AspNetCore.Http;

namespace Spate.Daemon.Security;

/// <summary>
/// Which names in a Host header are ours. A page of an attacker can make its own name point at this machine (DNS rebinding) and then
/// counts as the same origin; its name gives it away. An address can't be rebound, and is always good.
/// </summary>
internal sealed class HostGuard
{
    private readonly HashSet<string> names;
    private readonly bool any;

    public HostGuard(IReadOnlyList<string> allowed)
    {
        names = new HashSet<string>(allowed.Select(name => name.Trim().TrimEnd('.')), StringComparer.OrdinalIgnoreCase) { "localhost" };
        any = names.Contains("*");
    }

    public bool Allows(HostString host)
    {
        if (any) return true;
        string name = host.Host.TrimEnd('.');
        if (name.Length == 0) return false;
        if (IPAddress.TryParse(name, out _)) return IsPlainAddress(name);
        return names.Contains(name) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }

    // "2130706433" and "0x7f.1" parse as addresses too; browsers never send them, so nobody needs them.
    private static bool IsPlainAddress(string name) => name.Contains(':', StringComparison.Ordinal) || name.Split('.').Length == 4;
}
