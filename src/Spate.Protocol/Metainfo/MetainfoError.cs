namespace Spate.Protocol;

/// <summary>What sort of thing is wrong with a torrent.</summary>
public enum MetainfoErrorKind
{
    /// <summary>The bytes are no bencode.</summary>
    Malformed,

    /// <summary>A field is missing, of the wrong kind, or contradicts another.</summary>
    Invalid,

    /// <summary>More than what is accepted.</summary>
    TooLarge,

    /// <summary>Well-formed as far as can be told, but of a version that cannot be used.</summary>
    Unsupported,
}

/// <summary>Why a torrent was refused.</summary>
/// <param name="Kind">The sort of fault.</param>
/// <param name="Field">The field, such as <c>info.files[3].path</c>; empty when it is the whole document.</param>
/// <param name="Message">What is wrong with it, for people.</param>
/// <param name="Offset">Bytes from the start of what was parsed, where that is known.</param>
public sealed record MetainfoError(MetainfoErrorKind Kind, string Field, string Message, int? Offset = null)
{
    /// <summary>Field, message and place.</summary>
    public override string ToString() => (Field.Length > 0 ? Field + ": " : "") + Message + (Offset is { } at ? $" (byte {at})" : "");
}

/// <summary>A torrent was refused.</summary>
public sealed class MetainfoException : FormatException
{
    public MetainfoException(MetainfoError error) : base(error.ToString()) => Error = error;

    public MetainfoException() : this(new MetainfoError(MetainfoErrorKind.Invalid, "", "not a valid torrent")) { }

    public MetainfoException(string message) : this(new MetainfoError(MetainfoErrorKind.Invalid, "", message)) { }

    public MetainfoException(string message, Exception inner) : base(message, inner) =>
        Error = new MetainfoError(MetainfoErrorKind.Invalid, "", message);

    /// <summary>Why.</summary>
    public MetainfoError Error { get; }
}
