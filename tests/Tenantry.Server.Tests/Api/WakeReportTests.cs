using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class WakeReportTests
{
    private static readonly DateTimeOffset Begin = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task TimesAreToldByAppAndDepthAndOfOneInstanceWhenAsked()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.AddAsync("bob");
        for (var number = 1; number <= 100; number++)
            await AddAsync(api, "alice", InstancePhase.Asleep, number, number / 100.0, number / 10.0);
        await AddAsync(api, "bob", InstancePhase.Asleep, 500, 9, 90);
        await AddAsync(api, "bob", InstancePhase.Frozen, 501, 0.001, 0.002);

        var all = (await ReadAsync<PageResponse<WakeSummaryResponse>>(await api.Local.GetAsync("/v1/wakes/report"), HttpStatusCode.OK)).Items;
        var alice = (await ReadAsync<PageResponse<WakeSummaryResponse>>(await api.Local.GetAsync("/v1/wakes/report?instance=alice"), HttpStatusCode.OK)).Items.ShouldHaveSingleItem();

        all.Select(row => (row.App, row.From, row.Count)).ShouldBe([("notes", InstancePhase.Frozen, 1), ("notes", InstancePhase.Asleep, 101)]);
        all[1].Platform.Longest.ShouldBe(9);
        alice.Count.ShouldBe(100);
        alice.Platform.ShouldBe(new WakeTimes(0.5, 0.95, 0.99, 1));
        alice.Start.ShouldBe(new WakeTimes(5, 9.5, 9.9, 10));
    }

    [Fact]
    public async Task WithoutWakesItIsEmptyAndAnUnknownInstanceIsNotFound()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        (await ReadAsync<PageResponse<WakeSummaryResponse>>(await api.Local.GetAsync("/v1/wakes/report"), HttpStatusCode.OK)).Items.ShouldBeEmpty();
        using var missing = await api.Local.GetAsync("/v1/wakes/report?instance=carol");
        missing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static async Task AddAsync(TestApi api, string slug, InstancePhase from, int minute, double platform, double app)
    {
        var id = (await api.Store.FindInstanceBySlugAsync(slug, CancellationToken.None))!.Spec.Id;
        await api.Store.AddWakeAsync(id, new WakeRecord(Begin.AddMinutes(minute), from, platform, app), CancellationToken.None);
    }
}
