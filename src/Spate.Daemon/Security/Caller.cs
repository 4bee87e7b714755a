using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Spate.Api;

namespace Spate.Daemon.Security;

/// <summary>Who makes a request, as far as it proved that.</summary>
internal sealed class Caller
{
    private readonly FrozenSet<Scope> scopes;

    private Caller(IEnumerable<Scope> scopes, string? loginId, string? keyId)
    {
        this.scopes = scopes.ToFrozenSet();
        LoginId = loginId;
        KeyId = keyId;
    }

    /// <summary>Proved nothing.</summary>
    public static Caller Nobody { get; } = new([], null, null);

    /// <summary>The login of the browser that asks; null when it is none.</summary>
    public string? LoginId { get; }

    /// <summary>The key of the program that asks; null when it is none.</summary>
    public string? KeyId { get; }

    public bool IsKnown => LoginId is not null || KeyId is not null;

    public IReadOnlyCollection<Scope> Scopes => scopes.Items;

    /// <summary>A browser that is logged in may do all.</summary>
    public static Caller Browser(string loginId) => new(Enum.GetValues<Scope>(), loginId, null);

    public static Caller Key(string keyId, IEnumerable<Scope> scopes) => new(scopes, null, keyId);

    /// <summary>Whether it may do what a scope names. Each of read, write and admin holds those before it.</summary>
    public bool May(Scope scope) => scopes.Contains(scope) || scope switch
    {
        Scope.Read => scopes.Contains(Scope.Write) || scopes.Contains(Scope.Admin),
        Scope.Write => scopes.Contains(Scope.Admin),
        Scope.Metrics => scopes.Contains(Scope.Read) || scopes.Contains(Scope.Write) || scopes.Contains(Scope.Admin),
        _ => false,
    };

    /// <summary>Who makes this request; set by <see cref="AccessGate"/>.</summary>
    public static Caller Of(HttpContext context) => context.Items[typeof(Caller)] as Caller ?? Nobody;

    internal void Attach(HttpContext context) => context.Items[typeof(Caller)] = this;
}
