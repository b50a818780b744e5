using System.Net;
using System.Text;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>What an organization sees, makes and may not say.</summary>
public sealed class OrganizationTests
{
    [Fact]
    public async Task ListsHoldWhatIsOnesOwnAlone()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var client = api.Client(await TokenAsync(api, Role.Viewer, "acme"));
        var platform = api.Client(await TokenAsync(api, Role.Viewer, null));

        foreach (var list in (string[])["/v1/tenants", "/v1/instances", "/v1/operations", "/v1/organizations"])
        {
            var own = await client.GetStringAsync(list);
            own.ShouldNotContain("bob", Case.Insensitive, list);
            own.ShouldNotContain("other", Case.Insensitive, list);
            own.ShouldContain(list == "/v1/organizations" ? "acme" : "ann", Case.Insensitive, list);
            (await platform.GetStringAsync(list)).ShouldContain(list == "/v1/organizations" ? "other" : "bob", Case.Insensitive, list);
        }

        await ProblemAsync(await client.GetAsync("/v1/instances?organization=other"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await client.GetStringAsync("/v1/instances?tenant=bob")).ShouldNotContain("\"slug\"");
        await ProblemAsync(await client.GetAsync("/v1/operations?instance=bob"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task EventsTellOfOnesOwnAlone()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var client = api.Client(await TokenAsync(api, Role.Viewer, "acme"));
        using var answer = await client.GetAsync("/v1/events?after=0", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());

        await api.SeeAsync("bob", Model.Instances.InstancePhase.Running);
        await api.SeeAsync("ann", Model.Instances.InstancePhase.Running);
        var seen = new StringBuilder();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!seen.ToString().Contains("\"status\"", StringComparison.Ordinal))
            seen.AppendLine(await lines.ReadLineAsync(late.Token));

        seen.ToString().ShouldContain("ann");
        seen.ToString().ShouldNotContain("bob");
    }

    [Fact]
    public async Task WhatAnOrganizationMakesIsItsOwn()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme"));

        var made = await ReadAsync<TenantResponse>(await owner.PostAsync("/v1/tenants", Json(new { name = "cleo" })), HttpStatusCode.Created);
        using var both = await owner.PostAsync("/v1/instances", Json(new { tenant = "dora", app = "notes", newTenant = new { name = "dora" } }));

        made.Organization.ShouldBe("acme");
        both.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await ReadAsync<TenantResponse>(await owner.GetAsync("/v1/tenants/dora"))).Organization.ShouldBe("acme");
        await ProblemAsync(await owner.PostAsync("/v1/tenants", Json(new { name = "eve", organization = "other" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await owner.PostAsync("/v1/instances", Json(new { tenant = "bob", app = "notes", environment = "test" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await api.Store.FindTenantAsync("eve", CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task AnOperationIsStillOnesOwnWhenItsInstanceIsGone()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme"));
        await api.SeeAsync("ann", Model.Instances.InstancePhase.Running);
        var deletion = await ReadAsync<OperationResponse>(await owner.DeleteAsync("/v1/instances/ann"), HttpStatusCode.Accepted);
        var record = (await api.Store.FindInstanceBySlugAsync("ann", CancellationToken.None))!;
        var lease = (await api.Store.TryAcquireLeaseAsync(record.Spec.Id, "test", TimeSpan.FromMinutes(1), CancellationToken.None))!;
        await api.Store.RemoveInstanceAsync(record.Spec.Id, lease, CancellationToken.None);

        using var mine = await owner.GetAsync($"/v1/operations/{deletion.Id}");
        using var theirs = await api.Client(await TokenAsync(api, Role.Owner, "other")).GetAsync($"/v1/operations/{deletion.Id}");

        mine.StatusCode.ShouldBe(HttpStatusCode.OK);
        theirs.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task ASecretOfTheWholeAppIsNotAnOrganizationsToChangeFromItsInstance()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await api.ApplyAsync(Manifest.Replace("app: notes", "app: crm", StringComparison.Ordinal).Replace("token: { generate: token }", "shared: { scope: app }", StringComparison.Ordinal));
        using var made = await api.Local.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "crm", slug = "ann-crm" }));
        made.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var member = api.Client(await TokenAsync(api, Role.Member, "acme"));

        await ProblemAsync(await member.PutAsync("/v1/instances/ann-crm/secrets/shared?scope=app", Json(new { value = "x" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await member.PatchAsync("/v1/instances/ann-crm/secrets?scope=app", Json(new { values = new Dictionary<string, string> { ["shared"] = "x" } })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        using var own = await member.PutAsync("/v1/instances/ann-crm/secrets/api-key", Json(new { value = "sk-mine" }));
        using var operators = await api.Client(await TokenAsync(api, Role.Operator, null)).PutAsync("/v1/instances/ann-crm/secrets/shared?scope=app", Json(new { value = "x" }));

        own.StatusCode.ShouldBe(HttpStatusCode.OK);
        operators.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task WhatKeysMaySpendIsNotAnOrganizationsToSay()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme"));
        var much = new { amount = "900.00", currency = "USD" };

        await ProblemAsync(await owner.PatchAsync("/v1/instances/ann/llm", Json(new { limit = much })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await owner.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "notes", environment = "test", llmLimit = much })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task ATierIsThePlatformsToSaySinceItCostsMoney()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme"));
        using var larger = new HttpRequestMessage(HttpMethod.Patch, "/v1/instances/ann") { Content = Json(new { tier = "pro" }) };
        larger.Headers.TryAddWithoutValidation("If-Match", "*");

        await ProblemAsync(await owner.SendAsync(larger), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await owner.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "notes", environment = "test", tier = "pro" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        using var usual = await owner.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "notes", environment = "test", tier = "free" }));
        usual.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task AMemberMakesNoTenantWithAnInstanceEither()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var member = api.Client(await TokenAsync(api, Role.Member, "acme"));

        await ProblemAsync(await member.PostAsync("/v1/instances", Json(new { tenant = "zoe", app = "notes", newTenant = new { name = "zoe" } })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await api.Store.FindTenantAsync("zoe", CancellationToken.None)).ShouldBeNull();
    }
}
