using System.Net;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Store;

/// <summary>Network ranges of instances.</summary>
public abstract class RangeTests(IStorePlace place) : StoreTests(place)
{
    private static readonly RangeWish Sixteen = new([IPNetwork.Parse("10.0.0.0/8")], 16, TimeSpan.FromDays(30));

    [Fact]
    public async Task EachInstanceGetsARangeOfItsOwnAndKeepsIt()
    {
        (await Store.FindRangeAsync("a", Ct)).ShouldBeNull();
        (await Store.PeekRangeAsync(Sixteen, Ct)).ToString().ShouldBe("10.0.0.0/16");
        (await Store.ClaimRangeAsync("a", Sixteen, Ct)).ToString().ShouldBe("10.0.0.0/16");
        (await Store.ClaimRangeAsync("b", Sixteen, Ct)).ToString().ShouldBe("10.1.0.0/16");
        (await Store.ClaimRangeAsync("a", Sixteen, Ct)).ToString().ShouldBe("10.0.0.0/16");
        (await Store.FindRangeAsync("b", Ct)).ShouldBe(IPNetwork.Parse("10.1.0.0/16"));
    }

    [Fact]
    public async Task ManyWhoClaimAtOnceInTwoProcessesGetDifferentRanges()
    {
        await using var other = await OpenAsync();
        var claimed = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(() => (number % 2 == 0 ? Store : other).ClaimRangeAsync($"i{number}", Sixteen, Ct))));
        claimed.Select(range => range.ToString()).ShouldBeUnique();
    }

    [Fact]
    public async Task ARangeIsNotGivenAgainBeforeItsTime()
    {
        await Store.ClaimRangeAsync("a", Sixteen, Ct);
        (await Store.ReleaseRangeAsync("a", Ct)).ShouldBeTrue();
        (await Store.ReleaseRangeAsync("a", Ct)).ShouldBeFalse();
        (await Store.ClaimRangeAsync("b", Sixteen, Ct)).ToString().ShouldBe("10.1.0.0/16");
        Time.Advance(TimeSpan.FromDays(30));
        (await Store.ClaimRangeAsync("c", Sixteen, Ct)).ToString().ShouldBe("10.0.0.0/16");
    }

    [Fact]
    public async Task RangesOfAllSizesStayApart()
    {
        await Store.ClaimRangeAsync("small", Sixteen with { PrefixLength = 24 }, Ct);
        await Store.ClaimRangeAsync("large", Sixteen, Ct);
        await Store.ClaimRangeAsync("middle", Sixteen with { PrefixLength = 20 }, Ct);
        (await Store.ListRangesAsync(Ct)).Select(one => one.Range.ToString()).ShouldBe(["10.0.0.0/24", "10.1.0.0/16", "10.0.16.0/20"], ignoreOrder: true);
    }

    [Fact]
    public async Task WhenNoneIsLeftItIsSaidWhatIsInTheWay()
    {
        var tiny = new RangeWish([IPNetwork.Parse("10.0.0.0/15")], 16, TimeSpan.FromDays(30));
        await Store.ClaimRangeAsync("a", tiny, Ct);
        await Store.ClaimRangeAsync("b", tiny, Ct);
        await Store.ReleaseRangeAsync("b", Ct);
        var refused = await Should.ThrowAsync<TargetException>(() => Store.ClaimRangeAsync("c", tiny, Ct));
        refused.Retryable.ShouldBeFalse();
        refused.Sentence.ShouldContain("No network range of the size /16 is free in 10.0.0.0/15: 1 in use, 1 given back less than 30 days ago.");
        (await Store.FindRangeAsync("c", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task WhatIsImportedKeepsItsRangeAndIsRefusedWhereAnotherHasIt()
    {
        var exactly = Sixteen with { Exactly = IPNetwork.Parse("10.0.0.0/16") };
        (await Store.ClaimRangeAsync("imported", exactly, Ct)).ToString().ShouldBe("10.0.0.0/16");
        (await Store.ClaimRangeAsync("new", Sixteen, Ct)).ToString().ShouldBe("10.1.0.0/16");
        (await Should.ThrowAsync<TargetException>(() => Store.ClaimRangeAsync("other", Sixteen with { Exactly = IPNetwork.Parse("10.1.128.0/20") }, Ct))).Sentence.ShouldContain("overlaps with 10.1.0.0/16 of instance new");
    }
}

public sealed class SqliteRangeTests() : RangeTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresRangeTests(PostgresServer server) : RangeTests(new PostgresPlace(server));
