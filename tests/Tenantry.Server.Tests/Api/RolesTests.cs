using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Who may ask for what, over TCP, for every endpoint that the API describes.</summary>
public sealed class RolesTests
{
    private const string Begin = "<!-- printed by RolesTests: TENANTRY_WRITE_GOLDEN=1 -->";
    private const string End = "<!-- end -->";

    public static TheoryData<Role, string?> Callers => new()
    {
        { Role.Admin, null },
        { Role.Operator, null },
        { Role.Viewer, null },
        { Role.Owner, "acme" },
        { Role.Member, "acme" },
        { Role.Viewer, "acme" },
    };

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task EveryEndpointAnswersARoleAsItsRuleSaysOnOwnAndOnForeignThings(Role role, string? organization)
    {
        await using var api = await StartAsync();
        var (own, foreign) = await TwoTenantsAsync(api);
        var client = api.Client(await TokenAsync(api, role, organization));
        var stranger = api.Client("");
        var wrong = new List<string>();

        foreach (var (name, rule) in AccessTable.Rules)
        {
            if (await AskAsync(stranger, name, own) != HttpStatusCode.Unauthorized)
                wrong.Add($"{name}: a caller without a token was let in");
            var isMine = await AskAsync(client, name, own);
            var isTheirs = await AskAsync(client, name, foreign);
            // Tokens and the engine's key are the socket's alone, whatever a token's role.
            var admits = rule.Admits(role, organization is not null) && !name.Contains("/v1/tokens", StringComparison.Ordinal) && !name.Contains("rekey", StringComparison.Ordinal);
            if (admits == (isMine == HttpStatusCode.Forbidden))
                wrong.Add($"{name} on {own.Name}: {isMine}");
            var isHidden = organization is not null && rule.Reach == Reach.Organization && Thing(name);
            if (isHidden ? isTheirs != HttpStatusCode.NotFound : admits == (isTheirs == HttpStatusCode.Forbidden))
                wrong.Add($"{name} on {foreign.Name}: {isTheirs}");
        }

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task TheTableHasEveryEndpointThatTheApiDescribesAndNoOther()
    {
        await using var api = await StartAsync();
        using var document = JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json"));

        var described = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));

        described.ShouldBe(AccessTable.Rules.Keys, ignoreOrder: true);
    }

    [Fact]
    public void AnEndpointWithoutARuleKeepsTheServerFromStarting()
    {
        var endpoint = new Microsoft.AspNetCore.Routing.RouteEndpoint(
            _ => Task.CompletedTask, Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse("/v1/new"), 0,
            new EndpointMetadataCollection(new Microsoft.AspNetCore.Routing.HttpMethodMetadata(["GET"])), "new");

        Should.Throw<InvalidOperationException>(() => AccessTable.Check([endpoint])).Message.ShouldContain("GET /v1/new has no rule");
    }

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

    [Fact]
    public async Task WhatIsStreamedToATokenEndsWhenItIsRevoked()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var client = api.Client(await TokenAsync(api, Role.Viewer, null, "looks"));
        using var answer = await client.GetAsync("/v1/events?after=0", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await lines.ReadLineAsync()).ShouldNotBeNull();

        using var revoked = await api.Local.DeleteAsync("/v1/tokens/looks");

        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Should.ThrowAsync<IOException>(async () =>
        {
            while (await lines.ReadLineAsync(late.Token) is not null)
            {
                // What was on its way still comes.
            }

            throw new IOException("The end of the stream is an end, too.");
        });
        late.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task AnAnswerThatIsRepeatedIsThatOfTheSameTokenAndNotOfOneWithItsName()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        static HttpRequestMessage Ask()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/v1/tenants") { Content = Json(new { name = "zoe" }) };
            request.Headers.Add("Idempotency-Key", "same");
            return request;
        }

        using var first = await api.Client(await TokenAsync(api, Role.Owner, "acme", "ci")).SendAsync(Ask());
        using var revoked = await api.Local.DeleteAsync("/v1/tokens/ci");
        using var second = await api.Client((await ReadAsync<CreateTokenResponse>(await api.Local.PostAsync("/v1/tokens", Json(new { name = "ci", role = "Owner", organization = "other" })), HttpStatusCode.Created)).Token).SendAsync(Ask());

        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        second.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await ProblemAsync(await api.Local.PostAsync("/v1/tokens", Json(new { name = "local" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task ADeniedChangeIsInTheAudit()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var viewer = api.Client(await TokenAsync(api, Role.Viewer, "acme", "only-looks"));

        var problem = await ProblemAsync(await viewer.DeleteAsync("/v1/instances/ann"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);

        problem.Detail.ShouldContain("'only-looks' has the role viewer of the organization 'acme'");
        (await api.Local.GetStringAsync("/v1/audit?limit=1")).ShouldContain("\"outcome\":\"denied\"");
        (await api.Local.GetStringAsync("/v1/audit/verify")).ShouldContain("true");
    }

    [Theory]
    [InlineData("Owner", null, "organization")]
    [InlineData("Member", null, "organization")]
    [InlineData("Admin", "acme", "role")]
    [InlineData("Operator", "acme", "role")]
    public async Task ARoleThatDoesNotFitIsRefused(string role, string? organization, string path)
    {
        await using var api = await StartAsync();
        await api.Store.EnsureOrganizationAsync("acme", CancellationToken.None);

        var problem = await ProblemAsync(await api.Local.PostAsync("/v1/tokens", Json(new { name = "x", role, organization })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe(path);
        await ProblemAsync(await api.Local.PostAsync("/v1/tokens", Json(new { name = "x", role = "Viewer", organization = "nobody" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ATokenTellsWhenItWasUsedLast()
    {
        await using var api = await StartAsync();
        var token = await TokenAsync(api, Role.Admin, null, "ci");
        (await api.Store.ListTokensAsync(CancellationToken.None))[0].LastUsedAt.ShouldBeNull();

        using var used = await api.Client(token).GetAsync("/v1/tenants");

        (await api.Store.ListTokensAsync(CancellationToken.None))[0].LastUsedAt.ShouldBe(api.Time.GetUtcNow());
    }

    [Fact]
    public void TheGuideHasTheTable()
    {
        var file = Path.Combine(ServerTests.RepositoryRoot(), "docs", "access.md");
        var text = File.ReadAllText(file);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1")
            File.WriteAllText(file, text[..begin] + Printed() + text[end..]);
        else
            text[begin..end].ShouldBe(Printed());
    }

    private static string Printed()
    {
        var text = new StringBuilder("\n| endpoint | admin | operator | viewer | owner | member | viewer of an organization |\n|---|---|---|---|---|---|---|\n");
        foreach (var (name, rule) in AccessTable.Rules)
        {
            text.Append("| `").Append(name).Append("` ");
            foreach (var (role, isOfOrganization) in ((Role, bool)[])[(Role.Admin, false), (Role.Operator, false), (Role.Viewer, false), (Role.Owner, true), (Role.Member, true), (Role.Viewer, true)])
                text.Append("| ").Append(!rule.Admits(role, isOfOrganization) ? "" : isOfOrganization && rule.Reach == Reach.Organization ? "own" : "yes").Append(' ');
            text.Append("|\n");
        }

        return text.ToString().Replace("|  ", "| ", StringComparison.Ordinal);
    }

    private static bool Thing(string name) => name.Contains("{slug}", StringComparison.Ordinal) || name.Contains("{tenant}", StringComparison.Ordinal) || name.Contains("/operations/{id}", StringComparison.Ordinal);

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string name, (string Name, string Operation) thing)
    {
        var space = name.IndexOf(' ', StringComparison.Ordinal);
        var method = new HttpMethod(name[..space]);
        var path = name[(space + 1)..]
            .Replace("/operations/{id}", $"/operations/{thing.Operation}", StringComparison.Ordinal)
            .Replace("{slug}", thing.Name, StringComparison.Ordinal).Replace("{tenant}", thing.Name, StringComparison.Ordinal)
            .Replace("{app}", "notes", StringComparison.Ordinal).Replace("{release}", "latest", StringComparison.Ordinal)
            .Replace("{target}", "local", StringComparison.Ordinal).Replace("{id}", "x", StringComparison.Ordinal)
            .Replace("{name}", "api-key", StringComparison.Ordinal).Replace("{provider}", "openrouter", StringComparison.Ordinal).Replace("{digest}", new string('a', 64), StringComparison.Ordinal);
        // What is admitted is only tried: the things are asked for again and again.
        var isChange = method != HttpMethod.Get && method != HttpMethod.Head && !path.EndsWith("/check", StringComparison.Ordinal) && !path.EndsWith("/render/compose", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(method, path + (isChange ? "?dryRun=true" : ""));
        if (method == HttpMethod.Post || method == HttpMethod.Put || method == HttpMethod.Patch)
            request.Content = path.EndsWith("/data", StringComparison.Ordinal) || path.StartsWith("/v1/sources/", StringComparison.Ordinal) ? new ByteArrayContent([]) { Headers = { ContentType = new("application/x-tar") } } : Json(new { });
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return answer.StatusCode;
    }

    private static async Task<((string Name, string Operation) Own, (string Name, string Operation) Foreign)> TwoTenantsAsync(TestApi api)
    {
        await api.SetUpAsync();
        return (("ann", await AddAsync(api, "ann", "acme")), ("bob", await AddAsync(api, "bob", "other")));
    }

    private static async Task<string> AddAsync(TestApi api, string tenant, string organization) =>
        (await ReadAsync<OperationResponse>(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant, app = "notes", newTenant = new { name = tenant, organization } })), HttpStatusCode.Accepted)).Id;

    private static async Task<string> TokenAsync(TestApi api, Role role, string? organization, string? name = null) => (await ReadAsync<CreateTokenResponse>(
        await api.Local.PostAsync("/v1/tokens", Json(new { name = name ?? $"{role} {organization}", role = role.ToString(), organization })), HttpStatusCode.Created)).Token;
}
