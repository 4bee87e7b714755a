using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Daemon.State;

namespace Spate.Daemon.Endpoints;

/// <summary>Login, password and API keys.</summary>
internal static class AccountEndpoints
{
    private const int MaxBody = 64 << 10;

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder auth = api.MapGroup("auth").WithTags("account");
        auth.MapGet("session", (HttpContext context) => TypedResults.Json(SessionOf(context), ApiJson.Default.AccountSession))
            .Named("getSession", null, "Who asks, as the daemon sees it.", "Answered to everybody, so that a page knows whether to show the login.").Gives(ApiJson.Default.AccountSession, Examples.Session);
        auth.MapPost("login", (Delegate)LogInAsync)
            .Named("login", null, "Logs a browser in by password or one-time token, and sets its cookie.")
            .Takes(ApiJson.Default.Login, new Login { Password = "correct horse battery staple" }).Gives(ApiJson.Default.AccountSession, Examples.Session).Fails(401, 429);
        auth.MapPost("logout", (Delegate)LogOutAsync)
            .Named("logout", null, "Ends the session of the cookie.").GivesNothing();
        auth.MapPut("password", (Delegate)SetPasswordAsync)
            .Named("setPassword", Scope.Admin, "Sets the password; all other sessions end.")
            .Takes(ApiJson.Default.PasswordChange, new PasswordChange { Current = "correct horse battery staple", New = "a longer and better one" }).GivesNothing().Fails(429);
        auth.MapGet("keys", (HttpContext context) => TypedResults.Json(new ApiKeyList { Keys = [.. Book(context).Keys.Select(View)] }, ApiJson.Default.ApiKeyList))
            .Named("listKeys", Scope.Admin, "All API keys, without their secrets.").Gives(ApiJson.Default.ApiKeyList, new ApiKeyList { Keys = [Examples.Key] });
        auth.MapPost("keys", (Delegate)CreateKeyAsync)
            .Named("createKey", Scope.Admin, "Makes an API key; its secret is shown this once.")
            .Takes(ApiJson.Default.NewApiKey, new NewApiKey { Name = Examples.Key.Name, Scopes = Examples.Key.Scopes })
            .Gives(ApiJson.Default.CreatedApiKey, new CreatedApiKey { Key = Examples.Key, Secret = "spate_Jx0c0l2tq4Fh1mWc7yq1s2bY" }).Fails(409);
        auth.MapDelete("keys/{id}", RevokeKeyAsync)
            .Named("revokeKey", Scope.Admin, "Revokes an API key.").GivesNothing().Fails(404);
    }

    private static AccountBook Book(HttpContext context) => context.RequestServices.GetRequiredService<AccountBook>();

    private static AccountSession SessionOf(HttpContext context) => SessionOf(context, Caller.Of(context));

    private static AccountSession SessionOf(HttpContext context, Caller caller) => new()
    {
        IsLoggedIn = caller.IsKnown,
        Scopes = [.. caller.Scopes.Order()],
        HasPassword = Book(context).HasPassword,
        Version = typeof(AccountEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
    };

    private static async Task<IResult> LogInAsync(HttpContext context)
    {
        Login login = await JsonBody.ReadAsync(context, ApiJson.Default.Login, MaxBody);
        if (login.Password is null == login.Token is null) throw ApiProblem.Field("password", "Give either password or token.");
        AccountBook book = Book(context);
        (LoginOutcome outcome, string? secret) = await book.LogInAsync(login, AccessGate.AddressOf(context), context.Request.Headers.UserAgent);
        if (outcome == LoginOutcome.TooMany) throw TooMany(context, book);
        if (secret is null)
        {
            throw ApiProblem.Of(StatusCodes.Status401Unauthorized, "wrong-proof", "Not logged in.", login.Token is not null
                ? "This link was used already or is too old. Restart the daemon for a new one, or log in by password."
                : book.HasPassword ? "The password is wrong." : "No password is set yet: use the link that the daemon printed when it started, or spate serve --set-password.");
        }
        context.SetLoginCookie(secret);
        return TypedResults.Json(SessionOf(context, book.FindLogin(secret) ?? Caller.Nobody), ApiJson.Default.AccountSession);
    }

    private static async Task<IResult> LogOutAsync(HttpContext context)
    {
        if (Caller.Of(context).LoginId is { } login) await Book(context).LogOutAsync(login);
        context.DeleteLoginCookie();
        return TypedResults.NoContent();
    }

    private static async Task<IResult> SetPasswordAsync(HttpContext context)
    {
        PasswordChange change = await JsonBody.ReadAsync(context, ApiJson.Default.PasswordChange, MaxBody);
        if (PasswordHash.Check(change.New) is { } problem) throw ApiProblem.Field("new", problem);
        AccountBook book = Book(context);
        Caller caller = Caller.Of(context);
        if (book.HasPassword && book.WasByPassword(caller))
        {
            LoginOutcome outcome = await book.ProvePasswordAsync(change.Current ?? "", AccessGate.AddressOf(context));
            if (outcome == LoginOutcome.TooMany) throw TooMany(context, book);
            if (outcome == LoginOutcome.Wrong) throw ApiProblem.Field("current", "This is not the present password.");
        }
        await book.SetPasswordAsync(change.New, caller.LoginId);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> CreateKeyAsync(HttpContext context)
    {
        NewApiKey wanted = await JsonBody.ReadAsync(context, ApiJson.Default.NewApiKey, MaxBody);
        string name = wanted.Name.Trim();
        if (name.Length is 0 or > AccountBook.MaxName) throw ApiProblem.Field("name", $"It has 1 to {AccountBook.MaxName} characters.");
        if (wanted.Scopes.Count == 0) throw ApiProblem.Field("scopes", "Name at least one: read, write, admin, metrics.");
        if (await Book(context).CreateKeyAsync(name, wanted.Scopes) is not { } made)
            throw ApiProblem.Conflict($"There are {AccountBook.MostKeys} keys already; revoke one first.");
        return TypedResults.Json(new CreatedApiKey { Key = View(made.Key), Secret = made.Secret }, ApiJson.Default.CreatedApiKey);
    }

    private static async Task<IResult> RevokeKeyAsync(string id, HttpContext context) =>
        await Book(context).RevokeKeyAsync(id) ? TypedResults.NoContent() : throw ApiProblem.NotFound("There is no key with this id.");

    private static ApiProblem TooMany(HttpContext context, AccountBook book)
    {
        AccessGate.SetRetryAfter(context, book.WaitOf(AccessGate.AddressOf(context)));
        return new ApiProblem(AccessGate.TooMany);
    }

    private static ApiKey View(SavedApiKey key) => new()
    {
        Id = key.Id,
        Name = key.Name,
        Scopes = [.. key.Scopes.Select(scope => Enum.Parse<Scope>(scope, ignoreCase: true))],
        CreatedAt = key.Created,
        LastUsedAt = key.LastUsed,
    };
}
