using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Daemon.State;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Endpoints;

/// <summary>Categories and tags.</summary>
internal static class LabelEndpoints
{
    private const int MostCategories = 20_000;

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder labels = api.MapGroup("").WithTags("labels");
        labels.MapGet("categories", (DaemonState state, TorrentLibrary library) => Answer.Json(ListCategories(state, library), ApiJson.Default.CategoryList))
            .Named("listCategories", Scope.Read, "All categories.").Gives(ApiJson.Default.CategoryList, new CategoryList { Categories = [Examples.Category] });
        labels.MapPut("categories/{name}", SetCategoryAsync)
            .Named("setCategory", Scope.Write, "Makes a category, or changes it.", "A `/` in the name is written as `%2F` in the address.")
            .Takes(ApiJson.Default.CategoryChange, new CategoryChange { SavePath = "/srv/downloads/linux" }).Gives(ApiJson.Default.Category, Examples.Category);
        labels.MapDelete("categories/{name}", RemoveCategoryAsync)
            .Named("removeCategory", Scope.Write, "Removes a category; its torrents have none afterwards.").GivesNothing().Fails(404);
        labels.MapGet("tags", (DaemonState state, TorrentLibrary library) => Answer.Json(ListTags(state, library), ApiJson.Default.TagList))
            .Named("listTags", Scope.Read, "All tags.").Gives(ApiJson.Default.TagList, new TagList { Tags = [new Tag { Name = "iso", Torrents = 1 }] });
        labels.MapPut("tags/{name}", AddTagAsync)
            .Named("addTag", Scope.Write, "Makes a tag, if it is not there.").GivesNothing().Fails(400);
        labels.MapDelete("tags/{name}", RemoveTagAsync)
            .Named("removeTag", Scope.Write, "Removes a tag, from all torrents too.").GivesNothing().Fails(404);
    }

    private static CategoryList ListCategories(DaemonState state, TorrentLibrary library)
    {
        IReadOnlyDictionary<string, int> counts = library.Table.Counts.Categories;
        return new CategoryList { Categories = [.. state.Settings.Categories.OrderBy(static category => category.Name, StringComparer.OrdinalIgnoreCase).Select(category => Show(category, counts))] };
    }

    private static Category Show(SavedCategory category, IReadOnlyDictionary<string, int> counts) => new()
    {
        Name = category.Name, SavePath = category.Folder ?? "", ShareLimits = SettingsMap.ToApi(category.ShareLimits), Torrents = counts.GetValueOrDefault(category.Name),
    };

    private static async Task<IResult> SetCategoryAsync(string name, HttpContext context, DaemonState state, TorrentLibrary library, FolderRoots roots)
    {
        name = Plain(name);
        CategoryChange change = await JsonBody.ReadAsync(context, ApiJson.Default.CategoryChange);
        var check = new FieldCheck();
        check.Label("name", name);
        check.ShareLimits("shareLimits", change.ShareLimits);
        check.Done();
        string? folder = null;
        try { if (change.SavePath.Length > 0) folder = roots.Check(change.SavePath); }
        catch (ForbiddenPathException e) { throw ApiProblem.ForbiddenPath("savePath", e.Message); }
        var category = new SavedCategory { Name = name, Folder = folder, ShareLimits = SettingsMap.ToSaved(change.ShareLimits) };
        await state.ChangeAsync(settings =>
        {
            if (settings.Categories.Count >= MostCategories && settings.Categories.All(other => other.Name != name)) throw ApiProblem.Conflict($"There are {MostCategories} categories already.");
            return settings with { Categories = [.. settings.Categories.Where(other => other.Name != name), category] };
        });
        library.ApplySettings();
        return Answer.Json(Show(category, library.Table.Counts.Categories), ApiJson.Default.Category);
    }

    private static async Task<IResult> RemoveCategoryAsync(string name, DaemonState state, TorrentLibrary library)
    {
        name = Plain(name);
        if (state.Settings.Categories.All(category => category.Name != name)) throw ApiProblem.NotFound($"There is no category \"{name}\".");
        await library.StripAsync(new TorrentFilter { Category = name }, static saved => saved with { Category = null });
        await state.ChangeAsync(settings => settings with { Categories = [.. settings.Categories.Where(category => category.Name != name)] });
        return TypedResults.NoContent();
    }

    private static TagList ListTags(DaemonState state, TorrentLibrary library)
    {
        IReadOnlyDictionary<string, int> counts = library.Table.Counts.Tags;
        return new TagList { Tags = [.. state.Settings.Tags.Order(StringComparer.OrdinalIgnoreCase).Select(tag => new Tag { Name = tag, Torrents = counts.GetValueOrDefault(tag) })] };
    }

    private static async Task<IResult> AddTagAsync(string name, TorrentLibrary library)
    {
        name = Plain(name);
        var check = new FieldCheck();
        check.Label("name", name);
        check.Done();
        await library.AddTagsAsync([name]);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RemoveTagAsync(string name, DaemonState state, TorrentLibrary library)
    {
        name = Plain(name);
        if (!state.Settings.Tags.Contains(name)) throw ApiProblem.NotFound($"There is no tag \"{name}\".");
        await library.StripAsync(new TorrentFilter { Tag = name }, saved => saved with { Tags = [.. saved.Tags.Where(tag => tag != name)] });
        await state.ChangeAsync(settings => settings with { Tags = [.. settings.Tags.Where(tag => tag != name)] });
        return TypedResults.NoContent();
    }

    // ASP.NET Core leaves this one sign of a path as it was sent.
    private static string Plain(string name) => name.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
