using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class FleetTests
{
    [Fact]
    public async Task ListsAndCountsAreNarrowedInTheSameWay()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        await api.SeeAsync("ann", InstancePhase.Running);

        foreach (var (query, slugs) in new (string, string[])[] { ("", ["ann", "bob"]), ("?phase=Running", ["ann"]), ("?q=BO", ["bob"]), ("?q=n%25", []), ("?phase=Pending&health=Unknown", ["bob"]), ("?health=Healthy", []) })
        {
            var list = await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances" + query));
            list.Items.Select(item => item.Slug).ShouldBe(slugs, query);
            (await ReadAsync<FleetResponse>(await api.Local.GetAsync("/v1/fleet" + query))).Total.ShouldBe(slugs.Length, query);
        }

        var all = await ReadAsync<FleetResponse>(await api.Local.GetAsync("/v1/fleet"));
        all.Phases.ShouldBe(new Dictionary<string, int>(StringComparer.Ordinal) { ["Pending"] = 1, ["Running"] = 1 }, ignoreOrder: true);
        (await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances?offset=1"))).Items.ShouldHaveSingleItem().Slug.ShouldBe("bob");
        await ProblemAsync(await api.Local.GetAsync("/v1/fleet?phase=Runing"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await api.Local.GetAsync("/v1/instances?offset=-1"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task OtherOrganizationsAreNotCounted()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        var own = api.Client(await TwoOrganizations.TokenAsync(api, Role.Viewer, "acme"));

        (await ReadAsync<FleetResponse>(await own.GetAsync("/v1/fleet"))).Total.ShouldBe(1);
        (await ReadAsync<FleetResponse>(await own.GetAsync("/v1/fleet?q=bob"))).Total.ShouldBe(0);
        await ProblemAsync(await own.GetAsync("/v1/fleet?organization=other"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await own.GetAsync("/v1/instances/bob/wakes"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }
}
