using Microsoft.AspNetCore.Builder;
using Spate.Api;

namespace Spate.Daemon.Security;

/// <summary>What a caller of an endpoint must be allowed. An endpoint that says nothing asks for <see cref="Scope.Admin"/>.</summary>
/// <param name="Scope">Null: everybody may.</param>
internal sealed record RequiredScope(Scope? Scope);

internal static class RequiredScopeExtensions
{
    /// <summary>The caller must be allowed this.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, Scope scope)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequiredScope(scope));

    /// <summary>Everybody may.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequiredScope(null));
}
