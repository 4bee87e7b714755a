using System.Net;
using Spate.Api;
using Spate.Daemon.State;

namespace Spate.Daemon.Security;

/// <summary>How an attempt to log in ended.</summary>
internal enum LoginOutcome
{
    Accepted,

    /// <summary>The password or token is wrong, or was used or expired.</summary>
    Wrong,

    /// <summary>This address failed too often.</summary>
    TooMany,
}

/// <summary>The password, logins of browsers and keys of programs: proves who somebody is. All members may be used from any thread.</summary>
internal sealed class AccountBook(DaemonState state, TimeProvider time)
{
    /// <summary>How long a login lasts without being used.</summary>
    public static readonly TimeSpan LoginLifetime = TimeSpan.FromDays(30);

    /// <summary>How long a printed link works.</summary>
    public static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    /// <summary>Browsers that are logged in at a time; the one that expires first makes room.</summary>
    public const int MostLogins = 100;

    /// <summary>Keys at a time.</summary>
    public const int MostKeys = 100;

    /// <summary>Characters of a key's name.</summary>
    public const int MaxName = 100;

    private const int MaxBrowser = 200;
    private const string KeyPrefix = "spate_";

    private readonly OneTimeTokens tokens = new(time);
    private readonly LoginLimiter limiter = new(time);
    private readonly SemaphoreSlim hashing = new(1); // a flood of logins must not take all cores
    private readonly SemaphoreSlim adding = new(1);

    /// <summary>A password is set.</summary>
    public bool HasPassword => state.Password is not null;

    public IEnumerable<SavedApiKey> Keys => state.ApiKeys.OrderBy(key => key.Created);

    public IEnumerable<SavedLogin> Logins => state.Logins.Where(login => login.Expires > time.GetUtcNow()).OrderBy(login => login.Created);

    /// <summary>A token that logs in once, to be printed as a link.</summary>
    public string CreateToken() => tokens.Create(TokenLifetime);

    /// <summary>How long an address must wait because it failed too often; zero when it need not.</summary>
    public TimeSpan WaitOf(IPAddress address) => limiter.WaitOf(address);

    /// <summary>Logs in by a password or a one-time token. When it is accepted, the result's secret is for the cookie.</summary>
    public async Task<(LoginOutcome Outcome, string? Secret)> LogInAsync(Login proof, IPAddress address, string? browser)
    {
        if (limiter.WaitOf(address) > TimeSpan.Zero) return (LoginOutcome.TooMany, null);
        bool proved = proof.Token is { } token ? tokens.TryUse(token) : proof.Password is { } password && await IsPasswordAsync(password, address);
        if (!proved)
        {
            limiter.Fail(address);
            return (LoginOutcome.Wrong, null);
        }
        limiter.Succeed(address);
        string secret = SecretHash.NewSecret();
        await adding.WaitAsync();
        try
        {
            await DropOldLoginsAsync();
            DateTimeOffset now = time.GetUtcNow();
            if (browser?.Length > MaxBrowser) browser = browser[..MaxBrowser];
            await state.PutAsync(new SavedLogin { Id = SecretHash.NewId(), Hash = SecretHash.Of(secret), Created = now, Expires = now + LoginLifetime, Browser = browser, ByPassword = proof.Token is null });
        }
        finally { adding.Release(); }
        return (LoginOutcome.Accepted, secret);
    }

    /// <summary>Ends a login.</summary>
    public Task<bool> LogOutAsync(string loginId) => state.RemoveLoginAsync(loginId);

    /// <summary>Whose cookie this is; a login that is used lives on.</summary>
    public Caller? FindLogin(string secret)
    {
        byte[] hash = SecretHash.Of(secret);
        DateTimeOffset now = time.GetUtcNow();
        foreach (SavedLogin login in state.Logins)
        {
            if (!SecretHash.Equal(login.Hash, hash)) continue;
            if (login.Expires <= now) return null;
            // To the day, so that a request does not cost a write.
            if (login.Expires - now < LoginLifetime - TimeSpan.FromDays(1)) Note(state.ChangeLoginAsync(login.Id, still => still with { Expires = now + LoginLifetime }));
            return Caller.Browser(login.Id);
        }
        return null;
    }

    /// <summary>Whose key this is. No key can be guessed, so wrong ones are not counted.</summary>
    public Caller? FindKey(string secret)
    {
        byte[] hash = SecretHash.Of(secret);
        foreach (SavedApiKey key in state.ApiKeys)
        {
            if (!SecretHash.Equal(key.Hash, hash)) continue;
            DateTimeOffset now = time.GetUtcNow();
            if (key.LastUsed is not { } last || now - last > TimeSpan.FromHours(1)) Note(state.ChangeApiKeyAsync(key.Id, still => still with { LastUsed = now }));
            return Caller.Key(key.Id, key.Scopes.Select(name => Enum.TryParse(name, ignoreCase: true, out Scope scope) ? scope : (Scope?)null).OfType<Scope>());
        }
        return null;
    }

    /// <summary>False once a caller was logged out or its key revoked: for what lasts longer than a request.</summary>
    public bool IsStillKnown(Caller caller) => caller.LoginId is { } login ? state.HasLogin(login) : caller.KeyId is { } key && state.HasApiKey(key);

    /// <summary>Makes a key; its secret is shown this once. Null when there are too many.</summary>
    public async Task<(SavedApiKey Key, string Secret)?> CreateKeyAsync(string name, IReadOnlyList<Scope> scopes)
    {
        string secret = KeyPrefix + SecretHash.NewSecret();
        await adding.WaitAsync();
        try
        {
            if (state.ApiKeys.Count >= MostKeys) return null;
            var key = new SavedApiKey
            {
                Id = SecretHash.NewId(), Name = name, Hash = SecretHash.Of(secret), Created = time.GetUtcNow(),
                Scopes = [.. scopes.Distinct().Select(scope => scope.ToString().ToLowerInvariant())],
            };
            await state.PutAsync(key);
            return (key, secret);
        }
        finally { adding.Release(); }
    }

    /// <summary>Ends a key at once; false when there is none.</summary>
    public Task<bool> RevokeKeyAsync(string id) => state.RemoveApiKeyAsync(id);

    /// <summary>Whether this is the password. Wrong ones count against the address.</summary>
    public async Task<LoginOutcome> ProvePasswordAsync(string password, IPAddress address)
    {
        if (limiter.WaitOf(address) > TimeSpan.Zero) return LoginOutcome.TooMany;
        if (await IsPasswordAsync(password, address)) return LoginOutcome.Accepted;
        limiter.Fail(address);
        return LoginOutcome.Wrong;
    }

    /// <summary>True when the caller's browser was logged in by password: then it must show it again to change it.</summary>
    public bool WasByPassword(Caller caller) => state.Logins.Any(login => login.Id == caller.LoginId && login.ByPassword);

    /// <summary>Sets the password and ends all logins but one.</summary>
    /// <exception cref="ArgumentException">It is too short or too long.</exception>
    public async Task SetPasswordAsync(string password, string? keepLoginId)
    {
        if (PasswordHash.Check(password) is { } problem) throw new ArgumentException(problem, nameof(password));
        SavedPassword made = await Task.Run(() => PasswordHash.Make(password, time.GetUtcNow()));
        await state.PutAsync(made);
        foreach (SavedLogin login in state.Logins)
        {
            if (login.Id != keepLoginId) await state.RemoveLoginAsync(login.Id);
        }
    }

    /// <summary>Sets the password of a daemon that does not run, and ends all logins.</summary>
    /// <exception cref="ArgumentException">It is too short or too long.</exception>
    /// <exception cref="IOException">The state can't be opened: the daemon runs.</exception>
    public static async Task SetPasswordOfStoppedAsync(string stateFolder, string password)
    {
        await using DaemonState state = await DaemonState.OpenAsync(stateFolder);
        await new AccountBook(state, TimeProvider.System).SetPasswordAsync(password, keepLoginId: null);
    }

    // One after the other; those that wait look again whether their address failed meanwhile.
    private async Task<bool> IsPasswordAsync(string password, IPAddress address)
    {
        await hashing.WaitAsync();
        try
        {
            if (limiter.WaitOf(address) > TimeSpan.Zero || state.Password is not { } saved) return false;
            return await Task.Run(() => PasswordHash.Matches(password, saved));
        }
        finally { hashing.Release(); }
    }

    private async Task DropOldLoginsAsync()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (SavedLogin login in state.Logins.Where(login => login.Expires <= now)) await state.RemoveLoginAsync(login.Id);
        while (state.Logins.Count >= MostLogins) await state.RemoveLoginAsync(state.Logins.MinBy(login => login.Expires)!.Id);
    }

    // A time of use that could not be saved harms nobody.
    private static void Note(Task saving) => saving.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
