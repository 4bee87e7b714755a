using System.Runtime.CompilerServices;

namespace Spate.Protocol.Bencode;

/// <summary>
/// Checks the syntax of a whole document in one pass, without recursion and without allocation (BEP 3): after this no reader
/// can meet a malformed value.
/// </summary>
internal static class BencodeSyntax
{
    // One level of nesting. Keys are compared with the one before them, so its place is all that must be kept.
    private struct Level
    {
        public int KeyStart;
        public int KeyLength; // or one of the two below

        public const int List = -1;
        public const int FirstKey = -2;
    }

    [InlineArray(BencodeLimits.DeepestPossible)]
    private struct Levels
    {
        private Level first;
    }

    /// <summary>Checks the value at the start of <paramref name="data"/>; it ends before <paramref name="end"/>.</summary>
    [SkipLocalsInit]
    public static BencodeFault Check(ReadOnlySpan<byte> data, in BencodeLimits limits, out int end)
    {
        Unsafe.SkipInit(out Levels levels);
        int maxDepth = Math.Min(limits.MaxDepth, BencodeLimits.DeepestPossible);
        int tokensLeft = limits.MaxTokens;
        int depth = 0;
        int at = 0;
        end = 0;
        if (data.Length > limits.MaxBytes) return new(BencodeError.TooLong, limits.MaxBytes);

        while (true)
        {
            if ((uint)at >= (uint)data.Length) return new(BencodeError.UnexpectedEnd, data.Length);
            byte b = data[at];

            if (depth > 0)
            {
                if (b == 'e')
                {
                    at++;
                    if (--depth == 0) break;
                    continue;
                }
                ref Level level = ref levels[depth - 1];
                if (level.KeyLength != Level.List)
                {
                    if (!IsDigit(b)) return new(BencodeError.KeyNotString, at);
                    if (--tokensLeft < 0) return new(BencodeError.TooManyTokens, at);
                    BencodeFault fault = CheckString(data, at, out int keyStart, out int keyLength);
                    if (fault.Error != BencodeError.None) return fault;
                    if (level.KeyLength >= 0 && !limits.AllowUnsortedKeys)
                    {
                        int order = data.Slice(level.KeyStart, level.KeyLength).SequenceCompareTo(data.Slice(keyStart, keyLength));
                        if (order >= 0) return new(order == 0 ? BencodeError.KeyRepeated : BencodeError.KeysOutOfOrder, at);
                    }
                    level.KeyStart = keyStart;
                    level.KeyLength = keyLength;
                    at = keyStart + keyLength;
                    if ((uint)at >= (uint)data.Length) return new(BencodeError.UnexpectedEnd, data.Length);
                    b = data[at];
                    if (b == 'e') return new(BencodeError.KeyWithoutValue, at);
                }
            }

            if (--tokensLeft < 0) return new(BencodeError.TooManyTokens, at);
            if (IsDigit(b))
            {
                BencodeFault fault = CheckString(data, at, out int start, out int length);
                if (fault.Error != BencodeError.None) return fault;
                at = start + length;
            }
            else if (b == 'i')
            {
                BencodeFault fault = CheckInteger(data, ref at);
                if (fault.Error != BencodeError.None) return fault;
            }
            else if (b is (byte)'l' or (byte)'d')
            {
                if (depth == maxDepth) return new(BencodeError.TooDeep, at);
                levels[depth++].KeyLength = b == 'l' ? Level.List : Level.FirstKey;
                at++;
                continue;
            }
            else return new(BencodeError.UnexpectedByte, at);
            if (depth == 0) break;
        }

        end = at;
        return default;
    }

    private static BencodeFault CheckString(ReadOnlySpan<byte> data, int at, out int start, out int length)
    {
        int first = at;
        long value = 0;
        start = length = 0;
        while (true)
        {
            if ((uint)at >= (uint)data.Length) return new(BencodeError.UnexpectedEnd, data.Length);
            int digit = data[at] - '0';
            if ((uint)digit > 9) break;
            value = value * 10 + digit;
            if (value > int.MaxValue) return new(BencodeError.StringTooLong, first);
            at++;
        }
        if (data[at] != ':') return new(BencodeError.UnexpectedByte, at);
        if (data[first] == '0' && at - first > 1) return new(BencodeError.LengthLeadingZero, first);
        start = at + 1;
        if (value > data.Length - start) return new(BencodeError.StringTooLong, first);
        length = (int)value;
        return default;
    }

    private static BencodeFault CheckInteger(ReadOnlySpan<byte> data, ref int at)
    {
        int digits = at + 1;
        bool negative = (uint)digits < (uint)data.Length && data[digits] == '-';
        if (negative) digits++;
        int i = digits;
        while ((uint)i < (uint)data.Length && IsDigit(data[i])) i++;
        if ((uint)i >= (uint)data.Length) return new(BencodeError.UnexpectedEnd, data.Length);
        if (i == digits) return new(data[i] == 'e' ? BencodeError.IntegerEmpty : BencodeError.UnexpectedByte, i);
        if (data[i] != 'e') return new(BencodeError.UnexpectedByte, i);
        if (data[digits] == '0')
        {
            if (i - digits > 1) return new(BencodeError.IntegerLeadingZero, digits);
            if (negative) return new(BencodeError.IntegerMinusZero, digits - 1);
        }
        at = i + 1;
        return default;
    }

    private static bool IsDigit(byte b) => (uint)(b - '0') <= 9;
}
