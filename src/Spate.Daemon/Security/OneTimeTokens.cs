namespace Spate.Daemon.Security;

/// <summary>Tokens that log in once: how the first one comes in, and whoever can read the daemon's output. In memory only.</summary>
internal sealed class OneTimeTokens(TimeProvider time)
{
    /// <summary>Tokens that are open at a time; the oldest makes room.</summary>
    public const int Most = 16;

    private readonly Lock gate = new();
    private readonly List<(byte[] Hash, DateTimeOffset Expires)> open = [];

    /// <summary>Makes a token that can be used once, within this time.</summary>
    public string Create(TimeSpan lifetime)
    {
        string token = SecretHash.NewSecret();
        lock (gate)
        {
            if (open.Count == Most) open.RemoveAt(0);
            open.Add((SecretHash.Of(token), time.GetUtcNow() + lifetime));
        }
        return token;
    }

    /// <summary>True the first time that an open token is shown.</summary>
    public bool TryUse(string token)
    {
        byte[] hash = SecretHash.Of(token);
        lock (gate)
        {
            open.RemoveAll(entry => entry.Expires <= time.GetUtcNow());
            int index = open.FindIndex(entry => SecretHash.Equal(entry.Hash, hash));
            if (index < 0) return false;
            open.RemoveAt(index);
            return true;
        }
    }
}
