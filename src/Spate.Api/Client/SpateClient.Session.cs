namespace Spate.Api;

// Everything that is not of one torrent.
public sealed partial class SpateClient
{
    public Task<CategoryList> GetCategoriesAsync(CancellationToken cancellation = default) =>
        GetAsync("categories", ApiJson.Default.CategoryList, cancellation);

    public Task<Category> SetCategoryAsync(string name, CategoryChange change, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Put, $"categories/{Escape(name)}", change, ApiJson.Default.CategoryChange, ApiJson.Default.Category, cancellation);

    public Task RemoveCategoryAsync(string name, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Delete, $"categories/{Escape(name)}", cancellation);

    public Task<TagList> GetTagsAsync(CancellationToken cancellation = default) => GetAsync("tags", ApiJson.Default.TagList, cancellation);

    public Task AddTagAsync(string name, CancellationToken cancellation = default) => SendAsync(HttpMethod.Put, $"tags/{Escape(name)}", cancellation);

    public Task RemoveTagAsync(string name, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Delete, $"tags/{Escape(name)}", cancellation);

    public Task<Settings> GetSettingsAsync(CancellationToken cancellation = default) => GetAsync("settings", ApiJson.Default.Settings, cancellation);

    public Task<Settings> ChangeSettingsAsync(SettingsChange change, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Patch, "settings", change, ApiJson.Default.SettingsChange, ApiJson.Default.Settings, cancellation);

    public Task<Statistics> GetStatisticsAsync(CancellationToken cancellation = default) =>
        GetAsync("statistics", ApiJson.Default.Statistics, cancellation);

    public Task<History> GetHistoryAsync(HistorySpan span, CancellationToken cancellation = default) =>
        GetAsync($"statistics/history?span={TorrentQuery.Name(span)}", ApiJson.Default.History, cancellation);

    /// <param name="path">Null for the list of roots.</param>
    /// <param name="files">List files too.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<FolderListing> GetFoldersAsync(string? path = null, bool files = false, CancellationToken cancellation = default) =>
        GetAsync($"folders?files={(files ? "true" : "false")}" + (path is null ? "" : $"&path={Escape(path)}"), ApiJson.Default.FolderListing, cancellation);

    public Task<Creation> CreateAsync(NewCreation creation, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "creations", creation, ApiJson.Default.NewCreation, ApiJson.Default.Creation, cancellation);

    public Task<CreationList> GetCreationsAsync(CancellationToken cancellation = default) =>
        GetAsync("creations", ApiJson.Default.CreationList, cancellation);

    public Task<Creation> GetCreationAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"creations/{Escape(id)}", ApiJson.Default.Creation, cancellation);

    /// <summary>The .torrent file that was made.</summary>
    public Task<byte[]> GetCreatedTorrentAsync(string id, CancellationToken cancellation = default) =>
        GetBytesAsync($"creations/{Escape(id)}/torrent", cancellation);

    /// <summary>Stops one that runs, forgets one that is over.</summary>
    public Task DropCreationAsync(string id, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Delete, $"creations/{Escape(id)}", cancellation);

    public Task<Health> GetHealthAsync(CancellationToken cancellation = default) => GetAsync("health", ApiJson.Default.Health, cancellation);

    /// <summary>Who one is to the daemon; never refused.</summary>
    public Task<AccountSession> GetSessionAsync(CancellationToken cancellation = default) =>
        GetAsync("auth/session", ApiJson.Default.AccountSession, cancellation);

    /// <summary>Logs in; the client keeps the session's cookie.</summary>
    public Task<AccountSession> LoginAsync(Login login, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "auth/login", login, ApiJson.Default.Login, ApiJson.Default.AccountSession, cancellation);

    public Task LogoutAsync(CancellationToken cancellation = default) => SendAsync(HttpMethod.Post, "auth/logout", cancellation);

    public Task SetPasswordAsync(PasswordChange change, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Put, "auth/password", change, ApiJson.Default.PasswordChange, cancellation);

    public Task<ApiKeyList> GetKeysAsync(CancellationToken cancellation = default) => GetAsync("auth/keys", ApiJson.Default.ApiKeyList, cancellation);

    public Task<CreatedApiKey> CreateKeyAsync(NewApiKey key, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "auth/keys", key, ApiJson.Default.NewApiKey, ApiJson.Default.CreatedApiKey, cancellation);

    public Task RevokeKeyAsync(string id, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Delete, $"auth/keys/{Escape(id)}", cancellation);
}
