using Spate.Api;

namespace Spate.Daemon.Tests.Operations;

/// <summary>A user who changes settings and API keys; what he was told is done must be there after a kill, and one change whole or not at all.</summary>
internal sealed class SettingsOwner
{
    private readonly Dictionary<string, string> keys = new(StringComparer.Ordinal); // name -> secret
    private readonly List<string> revoked = [];                                      // secrets
    private int value, openValue;
    private string? openKey;
    private StatisticsTotals? totals;

    public async Task ChangeForEverAsync(SpateClient client, Random random, Action onDone)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                if (random.Next(3) == 0) await ChangeKeysAsync(client, random, $"key {random.Next()}");
                else
                {
                    openValue = random.Next(1, 80_000);
                    await client.ChangeSettingsAsync(new SettingsChange
                    {
                        Speed = new SpeedSettingsChange { UploadLimit = openValue, AlternativeUploadLimit = openValue + 1 },
                        Queue = new QueueSettingsChange { SlowSeconds = openValue },
                        Sharing = new ShareSettingsChange { SeedingMinutes = openValue },
                    });
                    value = openValue;
                }
                onDone();
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException) { } // it was killed
    }

    public async Task CheckAsync(SpateClient client, Uri address)
    {
        Settings settings = await client.GetSettingsAsync();
        int now = (int)settings.Speed.UploadLimit;
        if (value + openValue > 0)
        {
            Assert.Contains(now, new[] { value, openValue });
            Assert.Equal((now + 1, now, now), (settings.Speed.AlternativeUploadLimit, settings.Queue.SlowSeconds, settings.Sharing.SeedingMinutes));
            value = openValue = now;
        }
        HashSet<string> names = [.. (await client.GetKeysAsync()).Keys.Select(key => key.Name)];
        foreach ((string name, string secret) in keys.ToList())
        {
            if (openKey == name && !names.Contains(name)) keys.Remove(name); // its end was under way
            else Assert.True(await WorksAsync(address, secret), $"the key {name} does not work any more");
        }
        foreach (string secret in revoked) Assert.False(await WorksAsync(address, secret), "a key works that was revoked");
        revoked.Clear();
        openKey = null;

        StatisticsTotals before = totals ?? new StatisticsTotals { Downloaded = 0, Uploaded = 0, Wasted = 0, Seconds = 0, TorrentsFinished = 0 };
        totals = (await client.GetStatisticsAsync()).AllTime;
        Assert.True(
            totals.Downloaded >= before.Downloaded && totals.Uploaded >= before.Uploaded && totals.Wasted >= before.Wasted && totals.TorrentsFinished >= before.TorrentsFinished,
            $"the statistics went from {before} to {totals}");
    }

    private async Task ChangeKeysAsync(SpateClient client, Random random, string name)
    {
        if (keys.Count > 5)
        {
            name = keys.Keys.ElementAt(random.Next(keys.Count));
            openKey = name;
            string id = (await client.GetKeysAsync()).Keys.Single(key => key.Name == name).Id;
            await client.RevokeKeyAsync(id);
            keys.Remove(name, out string? secret);
            revoked.Add(secret!);
            openKey = null;
            return;
        }
        keys[name] = (await client.CreateKeyAsync(new NewApiKey { Name = name, Scopes = [Scope.Read] })).Secret;
    }

    private static async Task<bool> WorksAsync(Uri address, string secret)
    {
        using var client = new SpateClient(address, secret);
        return (await client.GetSessionOrNullAsync())?.Scopes.Contains(Scope.Read) == true;
    }
}

internal static class SessionQuestion
{
    /// <summary>Who one is; null when the key is refused.</summary>
    public static async Task<AccountSession?> GetSessionOrNullAsync(this SpateClient client)
    {
        try { return await client.GetSessionAsync(); }
        catch (ApiException e) when (e.Status == 401) { return null; }
    }
}
