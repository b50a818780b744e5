using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Tests;

public class WordsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172800)]
    [InlineData("1.5s", 1.5)]
    [InlineData("500ms", 0.5)]
    public void DurationsAreRead(string text, double seconds) =>
        Words.ParseDuration(text).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("m")]
    [InlineData("10 m")]
    [InlineData("10w")]
    [InlineData("-5s")]
    [InlineData("99999999999d")]
    public void WhatIsNoDurationIsNotRead(string text) => Words.ParseDuration(text).ShouldBeNull();

    [Theory]
    [InlineData(0L, "0 B")]
    [InlineData(999L, "999 B")]
    [InlineData(1_500L, "1.5 kB")]
    [InlineData(128_000_000L, "128 MB")]
    [InlineData(null, "-")]
    public void BytesAreDecimal(long? bytes, string expected) => Words.Bytes(bytes).ShouldBe(expected);

    [Theory]
    [InlineData(0.5, "0s")]
    [InlineData(59, "59s")]
    [InlineData(125, "2m 5s")]
    [InlineData(3600, "1h")]
    [InlineData(90061, "1d 1h")]
    public void AgesHaveTwoUnitsAtMost(double seconds, string expected) => Words.Age(TimeSpan.FromSeconds(seconds)).ShouldBe(expected);
}
