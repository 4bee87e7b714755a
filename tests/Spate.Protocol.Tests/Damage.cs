using FsCheck;
using FsCheck.Fluent;

namespace Spate.Protocol.Tests;

/// <summary>A few changes to a document: what a hostile or broken source does to well-formed bytes.</summary>
internal sealed record Damage(IReadOnlyList<(int Kind, int Where, byte Value)> Steps)
{
    public byte[] Apply(byte[] document)
    {
        List<byte> bytes = [.. document];
        foreach ((int kind, int where, byte value) in Steps)
        {
            int at = bytes.Count == 0 ? 0 : where % bytes.Count;
            switch (kind)
            {
                case 0 when bytes.Count > 0:
                    bytes[at] = value;
                    break;
                case 1:
                    bytes.Insert(at, value);
                    break;
                case 2 when bytes.Count > 0:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.Insert(at, (byte)"ield0123456789:-"[value % 16]);
                    break;
                case 5 when bytes.Count > 1:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(value, bytes.Count - at)));
                    break;
            }
        }
        return [.. bytes];
    }

    public static Arbitrary<Damage> Arbitrary() =>
        (from kind in Gen.Choose(0, 5)
         from place in Gen.Choose(0, 1_000_000)
         from value in Gen.Choose(0, 255)
         select (kind, place, (byte)value))
            .ListOf()
            .Select(steps => new Damage(steps.Take(4).ToList()))
            .ToArbitrary();
}
