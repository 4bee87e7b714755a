using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Endpoints;

/// <summary>Login, password and API keys.</summary>
internal static class AccountEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder auth = api.MapGroup("auth").WithTags("account");
        auth.MapGet("session", () => NotYet.Answer())
            .Named("getSession", null, "Who asks, as the daemon sees it.", "Answered to everybody, so that a page knows whether to show the login.").Gives(ApiJson.Default.AccountSession, Examples.Session);
        auth.MapPost("login", (HttpRequest request) => NotYet.Answer())
            .Named("login", null, "Logs a browser in by password or one-time token, and sets its cookie.")
            .Takes(ApiJson.Default.Login, new Login { Password = "correct horse battery staple" }).Gives(ApiJson.Default.AccountSession, Examples.Session).Fails(401, 429);
        auth.MapPost("logout", (HttpRequest request) => NotYet.Answer())
            .Named("logout", null, "Ends the session of the cookie.").GivesNothing();
        auth.MapPut("password", (HttpRequest request) => NotYet.Answer())
            .Named("setPassword", Scope.Admin, "Sets the password; all other sessions end.")
            .Takes(ApiJson.Default.PasswordChange, new PasswordChange { Current = "correct horse battery staple", New = "a longer and better one" }).GivesNothing().Fails(429);
        auth.MapGet("keys", () => NotYet.Answer())
            .Named("listKeys", Scope.Admin, "All API keys, without their secrets.").Gives(ApiJson.Default.ApiKeyList, new ApiKeyList { Keys = [Examples.Key] });
        auth.MapPost("keys", (HttpRequest request) => NotYet.Answer())
            .Named("createKey", Scope.Admin, "Makes an API key; its secret is shown this once.")
            .Takes(ApiJson.Default.NewApiKey, new NewApiKey { Name = Examples.Key.Name, Scopes = Examples.Key.Scopes })
            .Gives(ApiJson.Default.CreatedApiKey, new CreatedApiKey { Key = Examples.Key, Secret = "spate_Jx0c0l2tq4Fh1mWc7yq1s2bY" });
        auth.MapDelete("keys/{id}", (string id) => NotYet.Answer())
            .Named("revokeKey", Scope.Admin, "Revokes an API key.").GivesNothing().Fails(404);
    }
}
