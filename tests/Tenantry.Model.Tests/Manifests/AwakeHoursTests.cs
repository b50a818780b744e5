using System.Globalization;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

public class AwakeHoursTests
{
    [Theory]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-27T07:00:00Z", true)] // Friday 08:00 in Berlin
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-27T06:59:59Z", false)]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-27T17:59:59Z", true)]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-27T18:00:00Z", false)]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-28T10:00:00Z", false)] // Saturday
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-07-03T06:00:00Z", true)] // summer: an hour earlier
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-07-03T05:59:00Z", false)]
    [InlineData("Fri 22:00-06:00 UTC", "2026-11-27T23:00:00Z", true)]
    [InlineData("Fri 22:00-06:00 UTC", "2026-11-28T05:59:00Z", true)] // ends on Saturday
    [InlineData("Fri 22:00-06:00 UTC", "2026-11-28T22:30:00Z", false)]
    [InlineData("Fri 22:00-06:00 UTC", "2026-11-27T05:00:00Z", false)]
    [InlineData("Sun 22:00-06:00 UTC", "2026-11-30T01:00:00Z", true)] // over the end of the week
    [InlineData("daily 00:00-24:00", "2026-11-28T12:00:00Z", true)]
    [InlineData("Sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:00:00Z", false)] // 02:00 was skipped: it is 03:00
    [InlineData("Sun 02:00-03:00 Europe/Berlin", "2026-03-29T00:59:00Z", false)]
    [InlineData("Sun 02:00-03:00 Europe/Berlin", "2026-10-25T00:30:00Z", true)] // 02:30, the first time
    [InlineData("Sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30:00Z", true)] // 02:30, the second time
    [InlineData("Sun 02:00-03:00 Europe/Berlin", "2026-10-25T02:00:00Z", false)]
    [InlineData("Mon 23:00-23:30 America/New_York", "2026-11-24T04:15:00Z", true)] // still Monday there
    [InlineData("Mon 10:00-11:00 Mars/Olympus", "2026-11-28T12:00:00Z", true)] // a zone that nobody knows: in doubt awake
    public void AScheduleGoesByTheClocksOnTheWall(string text, string moment, bool covers) =>
        AwakeHours.Covers(AwakeText.Parse(text)!, DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture)).ShouldBe(covers);

    [Theory]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-30T07:00:00Z", "2026-11-27T17:00:00Z", true)] // said on Friday evening
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-30T09:00:00Z", "2026-11-30T07:00:00Z", false)] // said as they began
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-30T09:00:00Z", "2026-11-30T06:59:59Z", true)]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-30T06:59:00Z", "2026-11-27T17:00:00Z", false)] // they did not begin yet
    [InlineData("Mon-Fri 08:00-12:00; Mon-Fri 12:00-19:00", "2026-11-30T13:00:00Z", "2026-11-30T10:00:00Z", false)] // one stretch, written as two
    [InlineData("Mon-Fri 08:00-12:00; Mon-Fri 13:00-19:00", "2026-11-30T13:00:00Z", "2026-11-30T10:00:00Z", true)]
    [InlineData("Fri 22:00-06:00", "2026-11-28T05:00:00Z", "2026-11-27T21:59:00Z", true)]
    [InlineData("Fri 22:00-06:00", "2026-11-28T05:00:00Z", "2026-11-28T00:00:00Z", false)]
    [InlineData("Sat,Sun 00:00-24:00", "2026-11-29T12:00:00Z", "2026-11-28T12:00:00Z", false)] // a weekend
    [InlineData("Sat,Sun 00:00-24:00", "2026-11-29T12:00:00Z", "2026-11-27T12:00:00Z", true)]
    [InlineData("daily 00:00-24:00", "2026-11-28T12:00:00Z", "2020-01-01T00:00:00Z", false)] // they never begin
    [InlineData("Sun 02:30-05:00 Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T00:59:00Z", true)] // 02:30 was skipped
    [InlineData("Sun 02:30-05:00 Europe/Berlin", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z", false)]
    [InlineData("Sun 02:30-05:00 Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T00:29:00Z", true)] // begins at the first 02:30
    [InlineData("Mon 10:00-11:00 Mars/Olympus", "2026-11-28T12:00:00Z", "2026-11-01T00:00:00Z", false)]
    public void HoursBeganAfterAMomentWhenThereWasAGapSince(string texts, string moment, string after, bool began) =>
        AwakeHours.BeganAfter([.. texts.Split("; ").Select(text => AwakeText.Parse(text)!)], DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture), DateTimeOffset.Parse(after, CultureInfo.InvariantCulture))
            .ShouldBe(began);

    [Theory]
    [InlineData("Mon-Fri 08:00-19:00 Europe/Berlin", "2026-11-27T18:00:00Z", true)] // Friday evening
    [InlineData("Sun 02:30-05:00 Europe/Berlin", "2026-03-22T02:00:00Z", true)] // the next 02:30 is skipped
    [InlineData("Sun 02:00-03:00 Europe/Berlin", "2026-03-25T12:00:00Z", true)] // all of it is, and there is a Sunday after that
    [InlineData("Mon 08:00-09:00", "2026-11-30T08:00:00Z", true)] // in a week
    [InlineData("daily 08:00-20:00; daily 20:00-08:00", "2026-11-28T12:00:00Z", false)]
    [InlineData("daily 00:00-24:00; Mon 08:00-09:00", "2026-11-28T12:00:00Z", false)]
    [InlineData("Mon 10:00-11:00 Mars/Olympus", "2026-11-28T12:00:00Z", false)]
    [InlineData("Mon 10:00-11:00 Mars/Olympus; Tue 10:00-11:00", "2026-11-28T12:00:00Z", false)] // awake in doubt, always
    public void HoursBeginAgainWhereTheyHaveAGap(string texts, string after, bool begin) =>
        AwakeHours.BeginAgain([.. texts.Split("; ").Select(text => AwakeText.Parse(text)!)], DateTimeOffset.Parse(after, CultureInfo.InvariantCulture)).ShouldBe(begin);
}
