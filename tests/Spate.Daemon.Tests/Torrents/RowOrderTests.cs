using Spate.Api;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Tests.Torrents;

public class RowOrderTests
{
    private readonly TorrentTable table = new();

    [Fact]
    public void Names_are_in_natural_order_and_stay_so_when_they_change()
    {
        Add("a104", "a13", "B2", "a9", "b10");
        Assert.Equal(["a9", "a13", "a104", "B2", "b10"], Names(TorrentSort.Name, SortOrder.Ascending));
        Assert.Equal(["b10", "B2", "a104", "a13", "a9"], Names(TorrentSort.Name, SortOrder.Descending));
        Set("1", "a5");
        Set("9", "a100");
        table.Remove("3");
        Assert.Equal(["a5", "a9", "a13", "a100", "b10"], Names(TorrentSort.Name, SortOrder.Ascending)[..5]);
    }

    [Fact]
    public void Rows_with_the_same_name_are_in_the_order_of_their_ids()
    {
        Add("x 1", "X 1", "x 01");
        Assert.Equal(["1", "2", "3"], Page(TorrentSort.Name, SortOrder.Ascending).Select(static row => row.Id));
        Assert.Equal(["3", "1", "2"], Page(TorrentSort.Name, SortOrder.Descending).Select(static row => row.Id));
    }

    [Fact]
    public void So_are_categories_and_folders_on_disk()
    {
        Add("one", "two");
        table.Set(Row("1", "one") with { Category = "set 10", SavePath = "/srv/show 2" });
        table.Set(Row("2", "two") with { Category = "set 9", SavePath = "/srv/show 10" });
        Assert.Equal(["two", "one"], Names(TorrentSort.Category, SortOrder.Ascending));
        Assert.Equal(["one", "two"], Names(TorrentSort.SavePath, SortOrder.Ascending));
        Assert.Equal(["set 9", "set 10"], table.Counts.Categories.Keys);
    }

    private void Add(params string[] names)
    {
        for (int i = 0; i < names.Length; i++) Set((i + 1).ToString(), names[i]);
    }

    private void Set(string id, string name) => table.Set(Row(id, name));

    private static TorrentRow Row(string id, string name) => new() { Id = id, Name = name, State = TorrentState.Paused };

    private string[] Names(TorrentSort sort, SortOrder order) => [.. Page(sort, order).Select(static row => row.Name)];

    private IReadOnlyList<TorrentRow> Page(TorrentSort sort, SortOrder order) =>
        table.Page(new TorrentQuery { Filter = new TorrentFilter(), Sort = sort, Order = order, Offset = 0, Limit = 100 }).Rows;
}
