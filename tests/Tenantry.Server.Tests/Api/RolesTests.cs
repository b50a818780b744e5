using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>Who may ask for what, over TCP, for every endpoint that the API describes.</summary>
public sealed class RolesTests
{
    private const string Begin = "<!-- printed by RolesTests: TENANTRY_WRITE_GOLDEN=1 -->";
    private const string End = "<!-- end -->";

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
    public async Task WhatIsStreamedToATokenEndsWhenItIsRevoked()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var client = api.Client(await TokenAsync(api, Role.Viewer, null, "looks"));
        using var answer = await client.GetAsync("/v1/events?after=0", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await lines.ReadLineAsync().SoonAsync()).ShouldNotBeNull();

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
                text.Append("| ").Append(!Grants.Of(role, isOfOrganization ? "own" : null).Admits(rule, isOfOrganization ? "own" : null) || rule.SocketAlone ? "" : isOfOrganization && rule.Reach == Reach.Organization ? "own" : "yes").Append(rule.PeopleAlone && text[^1] != ' ' ? "¹ " : " ");
            text.Append("|\n");
        }

        return text.ToString().Replace("|  ", "| ", StringComparison.Ordinal);
    }

}
