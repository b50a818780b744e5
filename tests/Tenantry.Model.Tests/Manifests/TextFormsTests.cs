using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

public sealed class TextFormsTests
{
    [Theory]
    [InlineData("128MB", 128_000_000)]
    [InlineData("1GB", 1_000_000_000)]
    [InlineData("64KiB", 65_536)]
    [InlineData("1.5GiB", 1_610_612_736)]
    [InlineData("2 TB", 2_000_000_000_000)]
    [InlineData("1kB", 1_000)]
    [InlineData("17B", 17)]
    [InlineData("17", 17)]
    public void ASizeIsReadAsBytes(string text, long bytes) => SizeText.Parse(text).ShouldBe(bytes);

    [Theory]
    [InlineData("")]
    [InlineData("MB")]
    [InlineData("128M")]
    [InlineData("128mb")]
    [InlineData("-1MB")]
    [InlineData("1,5GB")]
    [InlineData("1.0000001KB")]
    [InlineData(".5GB")]
    [InlineData("5.GB")]
    [InlineData("1  GB")]
    [InlineData("9999999999999TiB")]
    [InlineData("99999999999999999999")]
    [InlineData("1e3")]
    public void WhatIsNoSizeIsRefused(string text) => SizeText.Parse(text).ShouldBeNull();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1024)]
    [InlineData(128_000_000)]
    [InlineData(134_217_728)]
    [InlineData(long.MaxValue)]
    public void ASizeThatIsWrittenReadsBack(long bytes) => SizeText.Parse(SizeText.Write(bytes)).ShouldBe(bytes);

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("10m", 600_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("90m", 5_400_000)]
    public void ADurationIsRead(string text, long milliseconds)
    {
        DurationText.Parse(text).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
        DurationText.Parse(DurationText.Write(TimeSpan.FromMilliseconds(milliseconds))).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("30m1h")]
    [InlineData("1m1m")]
    [InlineData("1.5h")]
    [InlineData("-1s")]
    [InlineData("10 m")]
    [InlineData("10min")]
    [InlineData("99999d")]
    [InlineData("99999999999999999999s")]
    [InlineData("never")]
    public void WhatIsNoDurationIsRefused(string text) => DurationText.Parse(text).ShouldBeNull();

    [Fact]
    public void MoneyIsDollarsAndNeverABareNumber()
    {
        MoneyText.Parse("$5").ShouldBe(5m);
        MoneyText.Parse("$12.50").ShouldBe(12.5m);
        MoneyText.Write(12.5m).ShouldBe("$12.50");
        MoneyText.Write(5m).ShouldBe("$5");
        foreach (var wrong in (string[])["5", "500", "5$", "$", "$-5", "$1.234", "$1,000", "$12345678", "€5"])
            MoneyText.Parse(wrong).ShouldBeNull(wrong);
    }

    [Fact]
    public void AScheduleNamesItsDaysOnceAndInOrder()
    {
        var schedule = AwakeText.Parse("Fri-Mon,sat 22:00-06:30 Europe/Berlin").ShouldNotBeNull();
        schedule.Days.ShouldBe([DayOfWeek.Monday, DayOfWeek.Friday, DayOfWeek.Saturday, DayOfWeek.Sunday]);
        (schedule.From, schedule.To, schedule.TimeZone).ShouldBe((new TimeOnly(22, 0), new TimeOnly(6, 30), "Europe/Berlin"));
        AwakeText.Write(schedule).ShouldBe("Mon,Fri,Sat,Sun 22:00-06:30 Europe/Berlin");
        AwakeText.Write(AwakeText.Parse("daily 08:00-24:00").ShouldNotBeNull()).ShouldBe("daily 08:00-00:00 UTC");
    }

    [Theory]
    [InlineData("Mon-Fri")]
    [InlineData("Mon-Fri 8:00-19:00")]
    [InlineData("Mon-Fri 08:00")]
    [InlineData("Mon-Fri 08:00-25:00")]
    [InlineData("Mo-Fr 08:00-19:00")]
    [InlineData("Mon-Tue-Wed 08:00-19:00")]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin x")]
    [InlineData("")]
    public void WhatIsNoScheduleIsRefused(string text) => AwakeText.Parse(text).ShouldBeNull();
}
