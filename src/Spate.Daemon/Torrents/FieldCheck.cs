using System.Globalization;
using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>Gathers what is wrong with the fields of a request, so that all of it is told at once.</summary>
internal sealed class FieldCheck
{
    private const int LongestLabel = 200;
    private const int LongestUrl = 4096;

    private readonly Dictionary<string, IReadOnlyList<string>> errors = [];

    public void Fail(string field, string message) => errors.TryAdd(field, [message]);

    /// <exception cref="ApiProblem">Something was wrong.</exception>
    public void Done()
    {
        if (errors.Count > 0) throw ApiProblem.Fields(errors);
    }

    public void Range(string field, long? value, long least, long most)
    {
        if (value < least || value > most)
            Fail(field, most == long.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"It must be {least} or more.") : string.Create(CultureInfo.InvariantCulture, $"It must be from {least} to {most}."));
    }

    public void Text(string field, string? value, int longest)
    {
        if (value is null) return;
        if (value.Length > longest) Fail(field, $"It may have {longest} characters at most.");
        else if (value.AsSpan().ContainsAnyInRange('\0', '\x1f')) Fail(field, "It may not hold control characters.");
    }

    /// <summary>The name of a category or tag, or nothing.</summary>
    public void Label(string field, string? value)
    {
        Text(field, value, LongestLabel);
        if (value is null || value.Length == 0) return;
        if (value.Trim() != value) Fail(field, "It may not begin or end with a space.");
        else if (value[0] == '/' || value[^1] == '/' || value.Contains("//", StringComparison.Ordinal)) Fail(field, "Between two signs / there must be a name.");
    }

    public void Labels(string field, IReadOnlyList<string>? values, int most)
    {
        if (values is null) return;
        if (values.Count > most) Fail(field, $"There may be {most} at most.");
        for (int i = 0; i < values.Count; i++)
        {
            if (values[i].Length == 0) Fail($"{field}[{i}]", "It may not be empty.");
            else Label($"{field}[{i}]", values[i]);
        }
    }

    public void ShareLimits(string field, ShareLimits? limits)
    {
        if (limits is null) return;
        if (limits.Ratio is { } ratio && (!double.IsFinite(ratio) || ratio > 1_000_000)) Fail($"{field}.ratio", "It must be 1000000 at most.");
        Range($"{field}.seedingMinutes", limits.SeedingMinutes, -1, 100_000_000);
    }

    public void Trackers(string field, IReadOnlyList<IReadOnlyList<string>> tiers)
    {
        if (tiers.Sum(static tier => tier.Count) > 200) Fail(field, "A torrent has 200 trackers at most.");
        for (int i = 0; i < tiers.Count; i++)
        {
            for (int j = 0; j < tiers[i].Count; j++)
            {
                string url = tiers[i][j];
                if (url.Length > LongestUrl || !Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https" or "udp" or "ws" or "wss"))
                    Fail($"{field}[{i}][{j}]", "It must be a URL of http, https, udp, ws or wss.");
            }
        }
    }
}
