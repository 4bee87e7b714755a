namespace Spate.Protocol;

/// <summary>Which file names are taken from a torrent as they are. Whatever is not, is replaced; nothing ever leads outside.</summary>
public enum FileNameRules
{
    /// <summary>
    /// Names that every common file system takes: without <c>&lt;&gt;:"|?*</c>, trailing dots or spaces and Windows device names, and no
    /// two that differ only by case or by Unicode normalisation.
    /// </summary>
    Portable,

    /// <summary>
    /// Only what is dangerous on any system is replaced (separators, control characters, <c>.</c>, <c>..</c>, invalid UTF-8, names of
    /// more than 255 bytes). For finding files that were not named by us.
    /// </summary>
    Posix,
}
