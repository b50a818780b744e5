using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>A value that several instances share is taken by one after the other.</summary>
public abstract class SecretTurnTests(IStorePlace place) : StoreTests(place)
{
    // All instances were restarted at once, and a bad value took them all down.
    [Fact]
    public async Task AValueThatSeveralShareIsTakenByOneAfterTheOtherAndByNobodyMoreWhenOneIsNotWell()
    {
        var alice = await AliceAsync();
        var (bob, carol, dora) = (await Fleet.AddInstanceAsync("bob"), await Fleet.AddInstanceAsync("carol"), await Fleet.AddInstanceAsync("dora"));
        await Store.PutAsync(alice, "key", [1], SecretScope.App);
        foreach (var spec in (InstanceSpec[])[alice, bob, carol])
            await EndAsync(spec);
        var before = await GenerationsAsync(alice, bob, carol, dora);

        await Store.PutAsync(alice, "key", [2], SecretScope.App);

        // Dora does not work and has nothing to lose.
        (await GenerationsAsync(alice, bob, carol, dora)).ShouldBe([before[0] + 1, before[1], before[2], before[3] + 1]);
        (await HasAsync(alice, bob, carol, dora)).ShouldBe([2, 1, 1, 2]);
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).Select(turn => (turn.InstanceId, turn.Version)).ShouldBe([(bob.Id, 1L), (carol.Id, 1L)]);
        await EndAsync(alice);
        (await HasAsync(alice, bob, carol)).ShouldBe([2, 2, 1]);
        await EndAsync(bob, InstanceHealth.Unhealthy);
        (await HasAsync(alice, bob, carol)).ShouldBe([2, 2, 1]);

        // A better value: who is ill takes it at once, and the others go on when it helps.
        await Store.PutAsync(alice, "key", [3], SecretScope.App);
        (await HasAsync(alice, bob, carol, dora)).ShouldBe([2, 3, 1, 3]);
        await EndAsync(bob);
        (await HasAsync(alice, bob, carol)).ShouldBe([3, 3, 1]);
        await EndAsync(alice);
        (await HasAsync(alice, bob, carol)).ShouldBe([3, 3, 3]);
        await EndAsync(carol);
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task TheTurnGoesOnWhenWhoHasItIsRemovedAndWhatIsTakenAwayIsGoneForAllAtOnce()
    {
        var alice = await AliceAsync();
        var (bob, carol) = (await Fleet.AddInstanceAsync("bob"), await Fleet.AddInstanceAsync("carol"));
        await Store.PutAsync(alice, "key", [1], SecretScope.Organization);
        foreach (var spec in (InstanceSpec[])[alice, bob, carol])
            await EndAsync(spec);
        await Store.PutAsync(alice, "key", [2], SecretScope.Organization);

        await Fleet.ChangeAsync(alice.Id, OperationKind.Delete, spec => spec with { Desired = DesiredState.Deleted });
        await Store.RemoveInstanceAsync(alice.Id, await Fleet.LeaseAsync(alice.Id), Ct);

        (await HasAsync(bob, carol)).ShouldBe([2, 1]);
        // Its own value and the shared one in one change: no turn is waited for, and it changes once.
        var before = await GenerationsAsync(carol);
        await Store.PutSecretsAsync([FleetSecrets.Secret(carol, "own", [9]), FleetSecrets.Secret(carol, "key", [3], SecretScope.Organization)], Ct);
        (await GenerationsAsync(carol)).ShouldBe([before[0] + 1]);
        (await Store.ListSecretsAsync(carol, Ct)).Select(one => one.Value[0]).ShouldBe([(byte)3, (byte)9]);
        await Store.DeleteSecretAsync(SecretPlace.Of(bob, SecretScope.Organization, "key"), Ct);
        (await Store.ListSecretsAsync(bob, Ct)).ShouldBeEmpty();
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).ShouldBeEmpty();
    }

    private async Task EndAsync(InstanceSpec spec, InstanceHealth health = InstanceHealth.Healthy)
    {
        var (present, status) = (await Store.FindInstanceAsync(spec.Id, Ct))!;
        var well = status with { Phase = InstancePhase.Running, Health = health, ObservedGeneration = present.Generation, Failures = 0, Conditions = [] };
        await Store.FinishPassAsync(new PassOutcome(await Fleet.LeaseAsync(spec.Id), well, null), Ct);
    }

    private async Task<long[]> GenerationsAsync(params InstanceSpec[] specs)
    {
        var generations = new List<long>();
        foreach (var spec in specs)
            generations.Add((await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation);
        return [.. generations];
    }

    private async Task<int[]> HasAsync(params InstanceSpec[] specs)
    {
        var values = new List<int>();
        foreach (var spec in specs)
            values.Add((await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().Value[0]);
        return [.. values];
    }

    // The turn stayed with an instance that nobody could reach, and nobody else ever got the new value.
    [Fact]
    public async Task AnInstanceWhoseTargetDoesNotAnswerGivesItsTurnUpAndTakesTheValueWhenItIsBack()
    {
        var alice = await AliceAsync();
        var (bob, carol) = (await Fleet.AddInstanceAsync("bob"), await Fleet.AddInstanceAsync("carol"));
        await Store.PutAsync(alice, "key", [1], SecretScope.App);
        foreach (var spec in (InstanceSpec[])[alice, bob, carol])
            await EndAsync(spec);
        await Store.PutAsync(alice, "key", [2], SecretScope.App);
        (await HasAsync(alice, bob, carol)).ShouldBe([2, 1, 1]);
        var (generations, last) = (await GenerationsAsync(alice), await Store.LastChangeAsync(Ct));

        await AwayAsync(alice);

        (await HasAsync(alice, bob, carol)).ShouldBe([1, 2, 1], "what it may have been made with is not known: it keeps what it had");
        (await GenerationsAsync(alice)).ShouldBe([generations[0] + 1], "what is kept of its workload counts no more");
        var status = (await Store.FindInstanceAsync(alice.Id, Ct))!.Status;
        status.Reason.ShouldBe("Nobody answers. It keeps the value before of key, which the others take without it, and takes the new one when its target answers.");
        status.Conditions.Select(one => one.Type).ShouldBe([Condition.TargetAway, Condition.SecretTurnGivenUp]);
        (await Store.ListChangesAsync(last, 100, Ct)).ShouldContain(change => change.Kind == "secret-turn" && change.Key == alice.Id && change.Action == "given-up");
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).Select(turn => (turn.InstanceId, turn.IsAway)).ShouldBe([(alice.Id, true), (carol.Id, false)], ignoreOrder: true);

        // Tried again in vain: it is in nobody's way, and does not change every time.
        generations = await GenerationsAsync(alice);
        await AwayAsync(alice);
        (await GenerationsAsync(alice)).ShouldBe(generations);
        await EndAsync(bob);
        (await HasAsync(alice, bob, carol)).ShouldBe([1, 2, 2]);
        await EndAsync(carol);
        (await HasAsync(alice, bob, carol)).ShouldBe([1, 2, 2]);

        await EndAsync(alice);
        (await HasAsync(alice, bob, carol)).ShouldBe([2, 2, 2], "its turn has come");
        await EndAsync(alice);
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhoIsBackGetsInLineBehindTheOneWhoseTurnItIs()
    {
        var alice = await AliceAsync();
        var bob = await Fleet.AddInstanceAsync("bob");
        await Store.PutAsync(alice, "key", [1], SecretScope.App);
        await EndAsync(alice);
        await EndAsync(bob);
        await Store.PutAsync(alice, "key", [2], SecretScope.App);
        await AwayAsync(alice);

        await EndAsync(alice);

        (await HasAsync(alice, bob)).ShouldBe([1, 2]);
        await EndAsync(bob);
        (await HasAsync(alice, bob)).ShouldBe([2, 2]);
    }

    private async Task AwayAsync(InstanceSpec spec)
    {
        var (present, status) = (await Store.FindInstanceAsync(spec.Id, Ct))!;
        var away = status with
        {
            Health = InstanceHealth.Unknown,
            Reason = "Nobody answers.",
            ObservedGeneration = present.Generation,
            Failures = status.Failures + 1,
            Conditions = [new Condition(Condition.TargetAway, true, "Nobody answers.", Time.GetUtcNow())],
        };
        await Store.FinishPassAsync(new PassOutcome(await Fleet.LeaseAsync(spec.Id), away, null), Ct);
    }

    private async Task<InstanceSpec> AliceAsync()
    {
        await Fleet.SetUpAsync();
        return await Fleet.AddInstanceAsync("alice");
    }
}

public sealed class SqliteSecretTurnTests() : SecretTurnTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresSecretTurnTests(PostgresServer server) : SecretTurnTests(new PostgresPlace(server));
