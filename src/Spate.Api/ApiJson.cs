using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>How the contract is written as JSON: camel case, what is absent is left out, what is unknown is refused.</summary>
/// <remarks>
/// Properties with a default have setters: generated code would overwrite the defaults of initialisers with zeros. Nothing changes a record
/// after it was made.
/// </remarks>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowTrailingCommas = false, MaxDepth = 32)]
[JsonSerializable(typeof(AccountSession))]
[JsonSerializable(typeof(ActionResult))]
[JsonSerializable(typeof(AddResult))]
[JsonSerializable(typeof(AddTorrents))]
[JsonSerializable(typeof(AnnounceTorrents))]
[JsonSerializable(typeof(ApiKeyList))]
[JsonSerializable(typeof(Category))]
[JsonSerializable(typeof(CategoryChange))]
[JsonSerializable(typeof(CategoryList))]
[JsonSerializable(typeof(ChangeTorrents))]
[JsonSerializable(typeof(CreatedApiKey))]
[JsonSerializable(typeof(Creation))]
[JsonSerializable(typeof(CreationList))]
[JsonSerializable(typeof(EventData))]
[JsonSerializable(typeof(EventPatch))]
[JsonSerializable(typeof(EventReset))]
[JsonSerializable(typeof(EventSnapshot))]
[JsonSerializable(typeof(FileList))]
[JsonSerializable(typeof(FilesChange))]
[JsonSerializable(typeof(RenameFile))]
[JsonSerializable(typeof(FolderListing))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(History))]
[JsonSerializable(typeof(Login))]
[JsonSerializable(typeof(MoveTorrents))]
[JsonSerializable(typeof(NewApiKey))]
[JsonSerializable(typeof(NewCreation))]
[JsonSerializable(typeof(NewPeers))]
[JsonSerializable(typeof(NewPreview))]
[JsonSerializable(typeof(PasswordChange))]
[JsonSerializable(typeof(PauseTorrents))]
[JsonSerializable(typeof(PeerList))]
[JsonSerializable(typeof(PieceMap))]
[JsonSerializable(typeof(Preview))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(QueueTorrents))]
[JsonSerializable(typeof(RecheckTorrents))]
[JsonSerializable(typeof(RemoveTorrents))]
[JsonSerializable(typeof(ResumeTorrents))]
[JsonSerializable(typeof(Settings))]
[JsonSerializable(typeof(SettingsChange))]
[JsonSerializable(typeof(Statistics))]
[JsonSerializable(typeof(Tag))]
[JsonSerializable(typeof(TagList))]
[JsonSerializable(typeof(TorrentChange))]
[JsonSerializable(typeof(TorrentCounts))]
[JsonSerializable(typeof(TorrentDetails))]
[JsonSerializable(typeof(TorrentLog))]
[JsonSerializable(typeof(TorrentPage))]
[JsonSerializable(typeof(TrackerList))]
[JsonSerializable(typeof(TrackerTiers))]
[JsonSerializable(typeof(WebSeedList))]
// Parts that lists of changes and parameters of requests name by themselves.
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, JsonElement>))]
[JsonSerializable(typeof(HistorySpan))]
[JsonSerializable(typeof(SortOrder))]
[JsonSerializable(typeof(TorrentSort))]
[JsonSerializable(typeof(StateFilter))]
[JsonSerializable(typeof(EventPart))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
public sealed partial class ApiJson : JsonSerializerContext;
