using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Endpoints;

/// <summary>Categories and tags.</summary>
internal static class LabelEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder labels = api.MapGroup("").WithTags("labels");
        labels.MapGet("categories", () => NotYet.Answer())
            .Named("listCategories", Scope.Read, "All categories.").Gives(ApiJson.Default.CategoryList, new CategoryList { Categories = [Examples.Category] });
        labels.MapPut("categories/{name}", (string name, HttpRequest request) => NotYet.Answer())
            .Named("setCategory", Scope.Write, "Makes a category, or changes it.", "A `/` in the name is written as `%2F` in the address.")
            .Takes(ApiJson.Default.CategoryChange, new CategoryChange { SavePath = "/srv/downloads/linux" }).Gives(ApiJson.Default.Category, Examples.Category);
        labels.MapDelete("categories/{name}", (string name) => NotYet.Answer())
            .Named("removeCategory", Scope.Write, "Removes a category; its torrents have none afterwards.").GivesNothing().Fails(404);
        labels.MapGet("tags", () => NotYet.Answer())
            .Named("listTags", Scope.Read, "All tags.").Gives(ApiJson.Default.TagList, new TagList { Tags = [new Tag { Name = "iso", Torrents = 1 }] });
        labels.MapPut("tags/{name}", (string name) => NotYet.Answer())
            .Named("addTag", Scope.Write, "Makes a tag, if it is not there.").GivesNothing().Fails(400);
        labels.MapDelete("tags/{name}", (string name) => NotYet.Answer())
            .Named("removeTag", Scope.Write, "Removes a tag, from all torrents too.").GivesNothing().Fails(404);
    }
}
