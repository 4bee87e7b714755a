using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Spate.Api;

/// <summary>Which part of which list of torrents is asked for.</summary>
public sealed record TorrentQuery
{
    /// <summary>Rows of a page at most.</summary>
    public const int MaxLimit = 1000;

    public TorrentFilter Filter { get; set; } = new();

    public TorrentSort Sort { get; set; } = TorrentSort.Added;

    public SortOrder Order { get; set; } = SortOrder.Descending;

    public int Offset { get; init; }

    public int Limit { get; set; } = 100;

    internal string ToQuery()
    {
        var query = new StringBuilder();
        Add("state", Filter.State is { } state ? Name(state) : null);
        Add("category", Filter.Category);
        Add("tag", Filter.Tag);
        Add("tracker", Filter.Tracker);
        Add("text", Filter.Text);
        Add("sort", Name(Sort));
        Add("order", Name(Order));
        Add("offset", Offset.ToString(CultureInfo.InvariantCulture));
        Add("limit", Limit.ToString(CultureInfo.InvariantCulture));
        return query.ToString();

        void Add(string name, string? value)
        {
            if (value is not null) query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }

    internal static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
