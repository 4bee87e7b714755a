using System.Globalization;
using Spate.Engine.Disk;
using Spate.Runtime;

namespace Spate.Tests.Runtime;

public class LargePagesTests
{
    [Fact]
    public unsafe void The_system_knows_which_memory_is_to_have_them()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/sys/kernel/mm/transparent_hugepage/enabled")) return; // a system without them
        const int Length = 2 * PinnedPages.LargePageSize;
        byte[] array = PinnedPages.Allocate(Length, out int start, PinnedPages.LargePageSize);
        LargePages.Use(array.AsMemory(start, Length));
        array[start] = array[start + Length - 1] = 1;
        fixed (byte* first = &array[start])
        {
            Assert.Contains(" hg", FlagsOf((nuint)first), StringComparison.Ordinal);
            Assert.Contains(" hg", FlagsOf((nuint)first + Length - 1), StringComparison.Ordinal);
        }
    }

    // What the kernel says of the mapping that an address is in.
    private static string FlagsOf(nuint address)
    {
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            int dash = line.IndexOf('-', StringComparison.Ordinal), space = line.IndexOf(' ', StringComparison.Ordinal);
            if (dash > 0 && dash < space && nuint.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out nuint from))
                inside = address >= from && address < nuint.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            else if (inside && line.StartsWith("VmFlags:", StringComparison.Ordinal)) return line;
        }
        return "";
    }
}
