namespace Spate.Protocol.Bencode;

/// <summary>What is wrong with a bencoded document.</summary>
public enum BencodeError
{
    None,
    TooLong,
    UnexpectedEnd,
    UnexpectedByte,
    IntegerEmpty,
    IntegerLeadingZero,
    IntegerMinusZero,
    LengthLeadingZero,
    StringTooLong,
    KeyNotString,
    KeyWithoutValue,
    KeysOutOfOrder,
    KeyRepeated,
    TooDeep,
    TooManyTokens,
    TrailingBytes,
}

/// <summary>What is wrong with a document, and where.</summary>
/// <param name="Error">The kind of fault; <see cref="BencodeError.None"/> when there is none.</param>
/// <param name="Offset">Bytes from the start of the document to the fault.</param>
public readonly record struct BencodeFault(BencodeError Error, int Offset)
{
    /// <summary>What a person reads, without the offset.</summary>
    public string Message => Error switch
    {
        BencodeError.None => "no error",
        BencodeError.TooLong => "longer than what is accepted",
        BencodeError.UnexpectedEnd => "it ends in the middle of a value",
        BencodeError.UnexpectedByte => "a byte that starts no value",
        BencodeError.IntegerEmpty => "an integer without digits",
        BencodeError.IntegerLeadingZero => "an integer with a leading zero",
        BencodeError.IntegerMinusZero => "an integer that is minus zero",
        BencodeError.LengthLeadingZero => "a string length with a leading zero",
        BencodeError.StringTooLong => "a string that is longer than the data",
        BencodeError.KeyNotString => "a dictionary key that is not a string",
        BencodeError.KeyWithoutValue => "a dictionary key without a value",
        BencodeError.KeysOutOfOrder => "dictionary keys out of order",
        BencodeError.KeyRepeated => "a dictionary key that stands there twice",
        BencodeError.TooDeep => "lists and dictionaries nested too deep",
        BencodeError.TooManyTokens => "more values than what is accepted",
        BencodeError.TrailingBytes => "bytes after the end of the value",
        _ => Error.ToString(),
    };

    /// <summary>The message and the offset.</summary>
    public override string ToString() => $"{Message} (byte {Offset})";
}
