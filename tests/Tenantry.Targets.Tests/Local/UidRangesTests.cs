using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local;

public sealed class UidRangesTests : IDisposable
{
    private const uint First = 1_000_000_000;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ManyAtOnceFromTwoControlPlanesGetRangesThatDoNotMeet()
    {
        var ranges = new[] { Ranges(60), Ranges(60) };
        var claimed = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => Task.Run(() => ranges[number % 2].Claim($"i{number}"))));

        claimed.Distinct().Count().ShouldBe(60);
        claimed.ShouldAllBe(first => first >= First && (first - First) % 65536 == 0 && first < First + (60 * 65536));
        Should.Throw<TargetException>(() => ranges[0].Claim("one-too-many")).Message.ShouldContain("60 ranges");
    }

    [Fact]
    public void AClaimIsFoundAgainAndAReleasedOneCanBeTaken()
    {
        var ranges = Ranges(2);
        var first = ranges.Claim("a");
        ranges.Claim("a").ShouldBe(first);
        var second = ranges.Claim("b");
        second.ShouldNotBe(first);
        ranges.Release("b", first);
        Should.Throw<TargetException>(() => ranges.Claim("c"));

        ranges.Release("a", first);
        ranges.Claim("c").ShouldBe(first);
        ranges.ReleaseAll("c");
        ranges.Claim("d").ShouldBe(first);
    }

    [Fact]
    public void AClaimIsFoundAgainThoughWhoWasBeforeItIsGone()
    {
        var ranges = Ranges(3);
        var claims = new[] { "a", "b", "c" }.ToDictionary(id => id, ranges.Claim, StringComparer.Ordinal);
        foreach (var (gone, first) in claims.ToList())
        {
            ranges.Release(gone, first);
            foreach (var (id, own) in claims.Where(claim => claim.Key != gone))
                ranges.Claim(id).ShouldBe(own);
            ranges.Claim(gone).ShouldBe(first);
        }

        ranges.Release("a", claims["a"]);
        ranges.ReleaseAll("b");
        ranges.ReleaseAll("c");
        Directory.GetFiles(_folder.File("uids")).ShouldBeEmpty();
    }

    private UidRanges Ranges(uint count) => new(_folder.File("uids"), First, First + (count * 65536) - 1);
}
