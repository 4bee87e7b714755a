using Spate.Files;

namespace Spate.Tests.Files;

/// <summary>When a device gets writes past the page cache.</summary>
public sealed class DirectDeviceTests
{
    private const int MiB = 1 << 20;

    private readonly SetTime time = new();
    private readonly DirectDevice device;

    public DirectDeviceTests()
    {
        device = new DirectDevice(time);
    }

    [Fact]
    public void A_quick_device_goes_on_to_get_them()
    {
        for (int i = 0; i < 1000; i++) Write(TimeSpan.FromMilliseconds(2), between: TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_slow_one_is_left_alone_for_a_while_and_then_tried_again()
    {
        for (int tries = 0; tries < 3; tries++)
        {
            for (int i = 0; i < DirectDevice.Sample / MiB; i++) Write(TimeSpan.FromMilliseconds(16));
            Assert.False(device.TryBegin());
            time.Advance(DirectDevice.Rest - TimeSpan.FromSeconds(1));
            Assert.False(device.TryBegin());
            time.Advance(TimeSpan.FromSeconds(1));
        }
        for (int i = 0; i < 1000; i++) Write(TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void Writes_at_the_same_time_are_not_each_taken_for_slow()
    {
        for (int i = 0; i < 200; i++)
        {
            for (int k = 0; k < 8; k++) Assert.True(device.TryBegin());
            for (int k = 0; k < 8; k++)
            {
                time.Advance(TimeSpan.FromMilliseconds(2));
                device.End(MiB, refused: false);
            }
        }
    }

    [Fact]
    public void One_that_refuses_is_not_asked_again()
    {
        Assert.True(device.TryBegin());
        device.End(MiB, refused: true);
        time.Advance(TimeSpan.FromDays(1));
        Assert.False(device.TryBegin());
    }

    private void Write(TimeSpan takes, TimeSpan between = default)
    {
        Assert.True(device.TryBegin());
        time.Advance(takes);
        device.End(MiB, refused: false);
        time.Advance(between);
    }
}
