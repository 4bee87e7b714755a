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
        TimeSpan second = TimeSpan.FromSeconds(1);
        foreach (int seconds in (int[])[5, 10, 20, 40, 80, 160, 300, 300])
        {
            for (int i = 0; i < DirectDevice.Sample / MiB; i++) Write(TimeSpan.FromMilliseconds(16));
            Assert.False(device.TryBegin());
            time.Advance(seconds * second - second);
            Assert.False(device.TryBegin());
            time.Advance(second);
        }
        for (int i = 0; i < 1000; i++) Write(TimeSpan.FromMilliseconds(1));
        for (int i = 0; device.TryBegin(); i++, time.Advance(TimeSpan.FromMilliseconds(16)), device.End(MiB, refused: false)) Assert.True(i < 200);
        time.Advance(DirectDevice.FirstRest);
        Assert.True(device.TryBegin());
    }

    [Fact]
    public void A_moment_in_which_it_is_busy_does_not_make_it_slow()
    {
        for (int i = 0; i < 1000; i++) Write(TimeSpan.FromMilliseconds(i == 500 ? 400 : 1));
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
