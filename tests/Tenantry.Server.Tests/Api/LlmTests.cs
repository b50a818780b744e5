using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class LlmTests
{
    private const string WithKey = """
        app: notes
        version: "1.0"
        services:
          web: { command: [/bin/notes], ports: [8080] }
        tiers:
          free: { llm: { limit: $5 } }
        secrets:
          llm-key: { provider: openrouter }
        """;

    [Fact]
    public async Task AManagementKeyIsSealedForTheEngineAndNeverAnswered()
    {
        await using var api = await StartAsync();

        using var put = await api.Local.PutAsync("/v1/llm/providers/openrouter", Json(new { managementKey = "sk-or-v1-secret" }));
        var body = await put.Content.ReadAsStringAsync();

        put.StatusCode.ShouldBe(HttpStatusCode.Created, body);
        body.ShouldNotContain("secret");
        var stored = (await api.Store.FindLlmProviderAsync("openrouter", default)).ShouldNotBeNull();
        var sealedKey = new SealedSecret(LlmProviderRecord.PlaceOf("openrouter", stored.BaseUrl), LlmProviderRecord.KeyHolderOf("openrouter"), stored.ManagementKey, 1, false, 0, default);
        (await api.Vault.OpenAsync([sealedKey], default)).Values.ShouldHaveSingleItem().ShouldBe("sk-or-v1-secret");
        (stored.BaseUrl, stored.PollSeconds).ShouldBe(("https://openrouter.ai/api/v1", 300));
        (await api.Store.ListAuditAsync(new(100), default)).Items.ShouldAllBe(row => !row.Entry.Detail.Contains("secret", StringComparison.Ordinal));

        await ReadAsync<LlmProviderResponse>(await api.Local.PutAsync("/v1/llm/providers/openrouter", Json(new { pollSeconds = 10 })), HttpStatusCode.OK);
        (await api.Store.FindLlmProviderAsync("openrouter", default))!.ManagementKey.ShouldBe(stored.ManagementKey);
    }

    [Fact]
    public async Task EveryMistakeOfAProviderIsToldAtOnceAndADryRunWritesNothing()
    {
        await using var api = await StartAsync();

        var problem = await ProblemAsync(
            await api.Local.PutAsync("/v1/llm/providers/openruter", Json(new { managementKey = "a b", baseUrl = "http://example.com", pollSeconds = 0, workspace = "a/b" })),
            HttpStatusCode.UnprocessableEntity,
            ProblemCodes.Invalid);
        await ReadAsync<PlanResponse>(await api.Local.PutAsync("/v1/llm/providers/openrouter?dryRun=true", Json(new { managementKey = "k" })), HttpStatusCode.OK);

        problem.Errors!.Select(error => error.Path).ShouldBe(["provider", "managementKey", "baseUrl", "pollSeconds", "workspace"]);
        problem.Errors![0].Message.ShouldContain("Did you mean 'openrouter'?");
        (await api.Store.ListLlmProvidersAsync(default)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("5.00", "USD", true)]
    [InlineData("500", "USD", true)]
    [InlineData("5", "EUR", false)]
    [InlineData("5.001", "USD", false)]
    [InlineData("-5", "USD", false)]
    [InlineData("5e2", "USD", false)]
    [InlineData("$5", "USD", false)]
    public async Task ALimitIsDollarsWithWholeCents(string amount, string currency, bool isTaken)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        using var answer = await api.Local.PatchAsync("/v1/instances/alice/llm", Json(new { limit = new { amount, currency } }));

        answer.StatusCode.ShouldBe(isTaken ? HttpStatusCode.Accepted : HttpStatusCode.UnprocessableEntity);
        (await api.Store.FindInstanceBySlugAsync("alice", default))!.Spec.Llm.Limit.ShouldBe(isTaken ? decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture) : null);
    }

    [Fact]
    public async Task WhatAPersonWantsIsPartOfTheSpecAndComesWithAnOperation()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        await ReadAsync<OperationResponse>(await api.Local.PatchAsync("/v1/instances/alice/llm", Json(new { limit = new { amount = "7.5", currency = "USD" }, disabled = true })), HttpStatusCode.Accepted);
        (await api.Store.FindInstanceBySlugAsync("alice", default))!.Spec.Llm.ShouldBe(new LlmWish(7.5m, Disabled: true));
        var plan = await ReadAsync<PlanResponse>(await api.Local.PatchAsync("/v1/instances/alice/llm?dryRun=true", Json(new { tierLimit = true })), HttpStatusCode.OK);
        plan.Changes.ShouldHaveSingleItem().ShouldBe(new ChangeResponse("instance alice", "llm limit", "$7.50", null));
        await ReadAsync<OperationResponse>(await api.Local.PatchAsync("/v1/instances/alice/llm", Json(new { tierLimit = true, disabled = false })), HttpStatusCode.Accepted);
        (await api.Store.FindInstanceBySlugAsync("alice", default))!.Spec.Llm.ShouldBe(LlmWish.None);
        await ReadAsync<InstanceDetailResponse>(await api.Local.PatchAsync("/v1/instances/alice/llm", Json(new { disabled = false })), HttpStatusCode.OK);
        await ProblemAsync(await api.Local.PatchAsync("/v1/instances/alice/llm", Json(new { tierLimit = true, limit = new { amount = "1", currency = "USD" } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task AKeyIsShownWithWhatItHasSpentAndWithoutItsText()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(WithKey);
        await api.AddAsync("alice");
        var id = (await api.GetAsync("alice")).Id;
        (await ReadAsync<PageResponse<LlmKeyResponse>>(await api.Local.GetAsync("/v1/instances/alice/llm"))).Items.ShouldHaveSingleItem().State.ShouldBe("missing");

        await ReadAsync<LlmProviderResponse>(await api.Local.PutAsync("/v1/llm/providers/openrouter", Json(new { managementKey = "k" })), HttpStatusCode.Created);
        var lease = (await api.Store.TryAcquireLeaseAsync(id, "test", TimeSpan.FromMinutes(1), default))!;
        var key = new LlmKey(id, "llm-key", "openrouter", "n", false, "h", "", "sk-or-v1-0e6...1c96", 0, 5, LlmReset.Monthly, false);
        var spec = (await api.Store.FindInstanceAsync(id, default))!.Spec;
        var text = await api.Vault.SealAsync(SecretPlace.Of(spec, SecretScope.Instance, "llm-key"), SecretPlace.KeyHolderOf(spec, SecretScope.Instance), "sk-or-v1-text", default);
        await api.Store.WriteLlmKeyAsync(key, text, lease, default);
        await api.Store.WriteLlmUsagesAsync([new LlmKeyRecord(key, new LlmUsage(api.Time.GetUtcNow(), "h", 10, 1, 2, 4.5m, 0.5m, 80, Limit: 5))], default);

        var body = await api.Local.GetStringAsync("/v1/instances/alice/llm");
        var shown = (await ReadAsync<PageResponse<LlmKeyResponse>>(await api.Local.GetAsync("/v1/instances/alice/llm"))).Items.ShouldHaveSingleItem();
        (shown.State, shown.Label, shown.Limit!.Amount, shown.Usage!.Percent, shown.Usage.Monthly.Amount).ShouldBe(("active", "sk-or-v1-0e6...1c96", "5", 90, "4.5"));
        body.ShouldNotContain("sk-or-v1-text");
        (await api.GetAsync("alice")).Resources.ShouldContain(new ResourceResponse("llm-key", "llm-key", "active", "sk-or-v1-0e6...1c96, at most $5 monthly, 90% used"));
        (await ReadAsync<PageResponse<SecretResponse>>(await api.Local.GetAsync("/v1/instances/alice/secrets"))).Items.ShouldHaveSingleItem().Provider.ShouldBe("openrouter");
    }

    [Fact]
    public async Task ATenantOfSomebodyElseIsNotGivenToAnotherOwner()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(new { tenant = "user", app = "notes", newTenant = new { name = "user", owner = "user@a.example" } })), HttpStatusCode.Accepted);

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "user", app = "notes", environment = "staging", newTenant = new { name = "user", owner = "user@b.example" } })),
            HttpStatusCode.Conflict,
            ProblemCodes.Conflict);
        await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(new { tenant = "user", app = "notes", environment = "staging", newTenant = new { name = "user", owner = "User@A.example" } })), HttpStatusCode.Accepted);

        problem.Detail.ShouldContain("belongs to somebody else");
    }
}
