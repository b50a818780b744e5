using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>What went wrong in the systems that this one grew from. Of pages that poll for ever, the browser's tests tell.</summary>
public sealed class SeedDefectTests
{
    [Fact]
    public async Task NoAuthenticationAtAll()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme"));

        // Who one is, no query and no body says.
        await ProblemAsync(await api.Client("").GetAsync("/v1/instances?user_id=ann"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        await ProblemAsync(await owner.GetAsync("/v1/instances?user_id=bob"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await owner.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "notes", user_id = "bob" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await owner.PostAsync("/v1/tenants", Json(new { name = "eve", organization = "other" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task OneMutableCurrentTenantForEverybody()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var (acme, other) = (api.Client(await TokenAsync(api, Role.Owner, "acme")), api.Client(await TokenAsync(api, Role.Owner, "other")));

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async turn =>
        {
            var (client, own, foreign) = turn % 2 == 0 ? (acme, "ann", "bob") : (other, "bob", "ann");
            var list = await client.GetStringAsync("/v1/instances");
            using var theirs = await client.GetAsync($"/v1/instances/{foreign}");
            return list.Contains($"\"{own}\"", StringComparison.Ordinal) && !list.Contains($"\"{foreign}\"", StringComparison.Ordinal) && theirs.StatusCode == HttpStatusCode.NotFound;
        }));

        answers.ShouldAllBe(isRight => isRight);
    }

    [Fact]
    public async Task DeletedThatIsNot()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await api.SeeAsync("ann", InstancePhase.Running);
        (await api.Local.DeleteAsync("/v1/instances/ann")).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        // However often its target fails, it is there and says so, until nothing of it was seen.
        var record = (await api.Store.FindInstanceBySlugAsync("ann", CancellationToken.None))!;
        var lease = (await api.Store.TryAcquireLeaseAsync(record.Spec.Id, "test", TimeSpan.FromMinutes(1), CancellationToken.None))!;
        await api.Store.WriteStatusAsync(record.Status with { Phase = InstancePhase.Deleting, Reason = "The volume of ann is still there.", Failures = 3 }, lease, CancellationToken.None);
        var seen = await api.GetAsync("ann");
        (seen.Phase, seen.Desired, seen.Reason).ShouldBe((InstancePhase.Deleting, DesiredState.Deleted, "The volume of ann is still there."));
        (await api.Local.DeleteAsync("/v1/instances/ann")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await ProblemAsync(await api.Local.PostAsync("/v1/instances/ann/wake", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await api.Store.RemoveInstanceAsync(record.Spec.Id, lease, CancellationToken.None);
        await ProblemAsync(await api.Local.GetAsync("/v1/instances/ann"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }
}
