using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>Tokens, idempotent answers, changes.</summary>
public abstract class AccessTests(IStorePlace place) : StoreTests(place)
{
    [Fact]
    public async Task TokensAreFoundByHashAndNamedOnce()
    {
        var token = new ApiToken("ci", "h1", Time.GetUtcNow(), Time.GetUtcNow().AddDays(1));
        await Store.AddTokenAsync(token, Ct);
        await Store.AddTokenAsync(new ApiToken("ann", "h2", Time.GetUtcNow(), null), Ct);
        (await Store.FindTokenAsync("h1", Ct)).ShouldBe(token);
        (await Store.FindTokenAsync("h3", Ct)).ShouldBeNull();
        (await Should.ThrowAsync<StoreConflictException>(() => Store.AddTokenAsync(token with { Hash = "h4" }, Ct))).Message.ShouldContain("name is taken");
        await Should.ThrowAsync<StoreConflictException>(() => Store.AddTokenAsync(token with { Name = "other" }, Ct));
        (await Store.ListTokensAsync(Ct)).Select(t => t.Name).ShouldBe(["ann", "ci"]);
        (await Store.DeleteTokenAsync("ci", Ct)).ShouldBeTrue();
        (await Store.DeleteTokenAsync("ci", Ct)).ShouldBeFalse();
        (await Store.FindTokenAsync("h1", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task AnAnswerIsKeptForADay()
    {
        var answer = new IdempotentAnswer("k", "r", 201, "/v1/tenants/a", "{}", Time.GetUtcNow());
        await Store.SaveAnswerAsync(answer, Ct);
        (await Store.FindAnswerAsync("k", Ct)).ShouldBe(answer);
        await Should.ThrowAsync<StoreConflictException>(() => Store.SaveAnswerAsync(answer, Ct));
        Time.Advance(TimeSpan.FromDays(1));
        (await Store.FindAnswerAsync("k", Ct)).ShouldBeNull();
        await Store.SaveAnswerAsync(answer with { CreatedAt = Time.GetUtcNow() }, Ct);
    }

    [Fact]
    public async Task EveryWriteOfThePublicThingsIsTold()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var seen = await Store.LastChangeAsync(Ct);
        var all = await Store.ListChangesAsync(0, 100, Ct);
        all.Count.ShouldBe((int)seen);
        all.Select(change => change.Sequence).ShouldBe(Enumerable.Range(1, (int)seen).Select(i => (long)i));
        all.Select(change => $"{change.Kind} {change.Action}")
            .ShouldBe(["app created", "target created", "tenant created", "operation created", "instance created"]);

        await Fleet.ChangeAsync(spec.Id, Model.Operations.OperationKind.Update, s => s with { Tier = "pro" });
        var record = (await Store.FindInstanceAsync(spec.Id, Ct))!;
        await Store.WriteStatusAsync(record.Status, await Fleet.LeaseAsync(spec.Id), Ct);
        (await Store.ListChangesAsync(seen, 100, Ct)).Select(change => $"{change.Kind} {change.Action}")
            .ShouldBe(["operation updated", "operation created", "instance updated", "instance status"]);
        (await Store.ListChangesAsync(seen, 1, Ct)).ShouldHaveSingleItem().Sequence.ShouldBe(seen + 1);
    }

    [Fact]
    public async Task AReaderOfChangesNeverMissesOneThatWasWrittenBesideIt()
    {
        await Fleet.SetUpAsync();
        var writers = Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
                await Fleet.AddTenantAsync($"t-{writer}-{i}");
        })));
        var numbers = new List<long>();
        while (!writers.IsCompleted || numbers.LastOrDefault() < await Store.LastChangeAsync(Ct))
            numbers.AddRange((await Store.ListChangesAsync(numbers.LastOrDefault(), 10, Ct)).Select(change => change.Sequence));
        await writers;
        numbers.ShouldBe(Enumerable.Range(1, 92).Select(i => (long)i));
    }

    [Fact]
    public async Task AWriteThatFailsTellsNothing()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        var seen = await Store.LastChangeAsync(Ct);
        await Should.ThrowAsync<StoreConflictException>(() => Fleet.AddTenantAsync("alice"));
        (await Store.LastChangeAsync(Ct)).ShouldBe(seen);
    }
}

public sealed class SqliteAccessTests() : AccessTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresAccessTests(PostgresServer server) : AccessTests(new PostgresPlace(server));
