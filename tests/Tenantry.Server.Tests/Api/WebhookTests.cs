using System.Net;
using Tenantry.Model.Wire;
using Tenantry.Server.Gateway.Webhooks;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>What a person sees of webhooks that wait.</summary>
public class WebhookTests
{
    [Fact]
    public async Task OneThatWaitsSaysWhyAndUntilWhenAndIsTriedNowWhenAPersonSaysSo()
    {
        await using var api = await StartAsync();
        var (instance, box, now) = await StoreAsync(api, "first", "second");
        (await ListAsync(api)).Select(hook => (hook.Id, hook.Reason, hook.NextTryAt)).ShouldBe([("first", null, null), ("second", "It waits for those before it.", (DateTimeOffset?)null)]);

        box.Pauses.Write(instance, new WebhookPause("first", "the app answered 503", now.AddMinutes(5), 0));

        (await ListAsync(api)).Select(hook => (hook.Id, hook.State, hook.Reason, hook.NextTryAt, hook.ExpiresAt)).ShouldBe(
        [
            ("first", "pending", "the app answered 503", now.AddMinutes(5), now.AddHours(1)),
            ("second", "pending", "It waits for those before it.", (DateTimeOffset?)null, now.AddHours(1)),
        ]);

        using (var planned = await api.Local.PostAsync("/v1/instances/alice/webhooks/second/replay?dryRun=true", null))
            planned.StatusCode.ShouldBe(HttpStatusCode.OK);
        box.Pauses.Has(instance).ShouldBeTrue();
        using (var replayed = await api.Local.PostAsync("/v1/instances/alice/webhooks/second/replay", null))
            replayed.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        box.Pauses.Has(instance).ShouldBeFalse();
        using var unknown = await api.Local.PostAsync("/v1/instances/alice/webhooks/third/replay", null);
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task WhatAFailureOfTheGatewayLeftUnsaidIsSaidToBeInItsLog()
    {
        await using var api = await StartAsync();
        var (instance, box, now) = await StoreAsync(api, "dead", "waiting");
        // As it is moved on a full disk, and as a pause is written of which nobody knew whose it was.
        var path = box.ListPending(instance)[0];
        File.Move(path, Path.Combine(Directory.CreateDirectory(Path.Combine(path, "../../dead")).FullName, Path.GetFileName(path)));
        box.Pauses.Write(instance, new WebhookPause("", "the gateway failed; its log says how", now.AddMinutes(5), 0));

        (await ListAsync(api)).Select(hook => (hook.Id, hook.State, hook.Reason, hook.NextTryAt)).ShouldBe(
        [
            ("waiting", "pending", "the gateway failed; its log says how", now.AddMinutes(5)),
            ("dead", "dead", "why could not be written down; the gateway's log says it", (DateTimeOffset?)null),
        ]);
    }

    [Fact]
    public async Task WhoRemovesTheFirstHasTheNextOneTriedAtOnce()
    {
        await using var api = await StartAsync();
        var (instance, box, now) = await StoreAsync(api, "first", "second", "third");
        box.Pauses.Write(instance, new WebhookPause("first", "the app answered 503", now.AddMinutes(5), 0));

        (await api.Local.DeleteAsync("/v1/instances/alice/webhooks/second")).Dispose();
        box.Pauses.Has(instance).ShouldBeTrue();
        (await api.Local.DeleteAsync("/v1/instances/alice/webhooks/first")).Dispose();
        box.Pauses.Has(instance).ShouldBeFalse();
        (await ListAsync(api)).ShouldHaveSingleItem().Id.ShouldBe("third");
    }

    private static async Task<(string Instance, WebhookBox Box, DateTimeOffset Now)> StoreAsync(TestApi api, params string[] ids)
    {
        await api.SetUpAsync();
        await api.AddAsync("alice");
        var (instance, box, now) = ((await api.Store.FindInstanceBySlugAsync("alice", CancellationToken.None))!.Spec.Id, api.Service<WebhookBox>(), api.Time.GetUtcNow());
        foreach (var id in ids)
            box.Store(instance, new StoredWebhook(id, now, now.AddHours(1), "POST", "http", "/hooks/x?secret", "alice.localhost", null, [], [1])).ShouldBeTrue();
        return (instance, box, now);
    }

    private static async Task<IReadOnlyList<WebhookResponse>> ListAsync(TestApi api) =>
        (await ReadAsync<PageResponse<WebhookResponse>>(await api.Local.GetAsync("/v1/instances/alice/webhooks"), HttpStatusCode.OK)).Items;
}
