using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.LlmKeys;

/// <summary>An LLM key from the making of its instance to its deletion.</summary>
public sealed class KeyLifeTests
{
    [Fact]
    public async Task AKeyIsMadeWithItsInstanceAndCappedAsItsTierSays()
    {
        await using var bench = await KeyBench.StartAsync();

        var alice = await bench.RunningAsync("alice");
        var bob = await bench.RunningAsync("bob", "pro");

        var key = await bench.SingleAsync(alice);
        (key.Limit, key.Reset, key.Disabled, key.Name).ShouldBe((5m, "monthly", false, "tenantry/alice/llm-key/id-alice"));
        var other = await bench.SingleAsync(bob);
        (other.Limit, other.Reset).ShouldBe((12.50m, "weekly"));
        var operation = await bench.Bench.NewestOperationAsync(alice.Id);
        operation.State.ShouldBe(OperationState.Succeeded);
        operation.Steps[0].Name.ShouldBe("create llm-key llm-key");
        operation.Steps[0].Message.ShouldEndWith("at most $5 monthly");
        operation.ToString().ShouldNotContain(key.Text);
    }

    [Fact]
    public async Task ASecondPassAsksNothing()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var asked = bench.Peer.Requests.Count;

        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Settled);

        bench.Peer.Requests.Count.ShouldBe(asked);
    }

    [Fact]
    public async Task ATierChangeAndALimitOfOnesOwnPatchTheLimit()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var text = await bench.TextAsync(alice.Id);

        await bench.ChangeAsync(alice.Id, spec => spec with { Tier = "pro" });
        await bench.SettleAsync(alice.Id);
        (await bench.SingleAsync(alice)).Limit.ShouldBe(12.50m);
        await bench.ChangeAsync(alice.Id, spec => spec with { Llm = spec.Llm with { Limit = 7.25m } });
        await bench.SettleAsync(alice.Id);
        (await bench.SingleAsync(alice)).Limit.ShouldBe(7.25m);

        (await bench.TextAsync(alice.Id)).ShouldBe(text, "it is the same key");
        bench.Peer.Requests.Count(request => request.Method == "POST").ShouldBe(1);
    }

    [Fact]
    public async Task AnInstanceThatSleepsHasItsKeyDisabledAndEnabledWhenItWakes()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");

        await bench.Bench.WantAsync(alice.Id, DesiredState.Asleep);
        await bench.SettleAsync(alice.Id);
        (await bench.SingleAsync(alice)).Disabled.ShouldBeTrue();
        await bench.Bench.WantAsync(alice.Id, DesiredState.Running);
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Disabled.ShouldBeFalse();
    }

    [Fact]
    public async Task AKeyStaysEnabledWhileItsInstanceSleepsWhenTheTierDoesNotWantOtherwise()
    {
        await using var bench = await KeyBench.StartAsync();
        var bob = await bench.RunningAsync("bob", "pro");

        await bench.Bench.WantAsync(bob.Id, DesiredState.Asleep);
        await bench.SettleAsync(bob.Id);

        (await bench.SingleAsync(bob)).Disabled.ShouldBeFalse();
    }

    [Fact]
    public async Task AnInstanceWakesAlthoughTheProviderIsAwayAndTheKeyIsEnabledAsSoonAsItIsBack()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        await bench.Bench.WantAsync(alice.Id, DesiredState.Asleep);
        await bench.SettleAsync(alice.Id);
        bench.Peer.Before = _ => PeerFault.Error(503, "Maintenance");

        await bench.Bench.WantAsync(alice.Id, DesiredState.Running);
        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Retry);

        var status = await bench.Bench.StatusAsync(alice.Id);
        (status.Phase, status.Health).ShouldBe((InstancePhase.Running, InstanceHealth.Healthy));
        status.Reason.ShouldContain("llm-key llm-key: OpenRouter has a failure of its own (503)");
        bench.Peer.Before = _ => null;
        await bench.SettleAsync(alice.Id);
        (await bench.SingleAsync(alice)).Disabled.ShouldBeFalse();
        (await bench.Bench.StatusAsync(alice.Id)).Reason.ShouldBeEmpty();
    }

    [Fact]
    public async Task APersonDisablesAndEnablesAKey()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");

        await bench.ChangeAsync(alice.Id, spec => spec with { Llm = spec.Llm with { Disabled = true } });
        await bench.SettleAsync(alice.Id);
        (await bench.SingleAsync(alice)).Disabled.ShouldBeTrue();
        await bench.ChangeAsync(alice.Id, spec => spec with { Llm = spec.Llm with { Disabled = false } });
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Disabled.ShouldBeFalse();
    }

    [Fact]
    public async Task ARotationGivesANewKeyFirstAndDeletesTheOldOneWhenTheInstanceHasTheNewOne()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var old = await bench.SingleAsync(alice);
        var seenAtDeletion = "";
        bench.Peer.Before = request =>
        {
            if (request.Is("DELETE", "/keys"))
                seenAtDeletion = bench.TextAsync(alice.Id).GetAwaiter().GetResult()!;
            return null;
        };

        await bench.ChangeAsync(alice.Id, spec => spec with { Llm = spec.Llm with { Rotation = 1 } });
        await bench.SettleAsync(alice.Id);

        var key = await bench.SingleAsync(alice);
        key.Hash.ShouldNotBe(old.Hash);
        seenAtDeletion.ShouldBe(key.Text);
        bench.Bench.Workloads.Forgotten.ShouldContain(alice.Id, "what was resolved before holds the old text");
    }

    [Fact]
    public async Task DeletingTheInstanceDeletesItsKeyAndNobodyElses()
    {
        await using var bench = await KeyBench.StartAsync();
        bench.Peer.AddStrangers(250);
        var alice = await bench.RunningAsync("alice");
        var bob = await bench.RunningAsync("bob");

        await bench.Bench.WantAsync(alice.Id, DesiredState.Deleted);
        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Removed);

        bench.Peer.Keys.ShouldNotContain(key => key.Name.Contains("alice", StringComparison.Ordinal));
        bench.Peer.Keys.Count.ShouldBe(251);
        await bench.SingleAsync(bob);
    }

    [Fact]
    public async Task AnInstanceIsNotGoneBeforeItsKeyIs()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        foreach (var fault in (PeerFault[])[PeerFault.Error(401), PeerFault.Error(500), PeerFault.Page(404), PeerFault.Cut])
        {
            bench.Peer.Before = _ => fault;
            if ((await bench.Bench.StatusAsync(alice.Id)).Phase != InstancePhase.Deleting)
                await bench.Bench.WantAsync(alice.Id, DesiredState.Deleted);

            (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Retry);

            var status = await bench.Bench.StatusAsync(alice.Id);
            status.Phase.ShouldBe(InstancePhase.Deleting);
            status.Reason.ShouldContain("llm-key");
            bench.Bench.Time.Advance(TimeSpan.FromMinutes(10));
        }

        bench.Peer.Before = _ => null;
        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Removed);
        bench.Peer.Keys.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnInstanceThatNeverGotItsTargetStillGivesItsKeyBack()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.AddAsync("alice");
        bench.Bench.Workloads.Refused[alice.Id] = new WorkloadResult.Refused("SecretsMissing", "Something else is missing.", IsPending: true);
        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Waiting);
        bench.Peer.Keys.ShouldHaveSingleItem();

        await bench.Bench.WantAsync(alice.Id, DesiredState.Deleted);
        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Removed);

        bench.Peer.Keys.ShouldBeEmpty();
    }

    [Fact]
    public async Task AKeyOfOnesOwnIsUsedAndNoneIsMade()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.AddAsync("alice", wish: new LlmWish(Own: true));

        await bench.SettleAsync(alice.Id);

        bench.Peer.Requests.ShouldBeEmpty();
        (await bench.Store.ListLlmKeysAsync(alice.Id, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task APersonsKeyTakesThePlaceOfTheOneThatWasMade()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");

        var place = SecretPlace.Of(alice, SecretScope.Instance, KeyBench.Secret);
        var mine = await bench.Vault.SealAsync(place, SecretPlace.KeyHolderOf(alice, SecretScope.Instance), "sk-mine", default);
        await bench.Store.PutSecretsAsync([mine with { Generated = false }], default);
        await bench.SettleAsync(alice.Id);

        (await bench.TextAsync(alice.Id)).ShouldBe("sk-mine");
        bench.Peer.Keys.ShouldBeEmpty();
        (await bench.Store.ListLlmKeysAsync(alice.Id, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task WithoutAManagementKeyTheInstanceWaitsAndSaysWhichCommandSetsItThenGoesOnByItself()
    {
        await using var bench = await KeyBench.StartAsync(withProvider: false);
        var alice = await bench.AddAsync("alice");

        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Waiting);
        var status = await bench.Bench.StatusAsync(alice.Id);
        status.Phase.ShouldBe(InstancePhase.Pending);
        status.Reason.ShouldContain("'tenantry llm provider set openrouter'");

        await bench.SetProviderAsync();
        (await bench.Store.ListDueAsync("", bench.Bench.Time.GetUtcNow(), 10, default)).ShouldContain(due => due.Id == alice.Id);
        await bench.SettleAsync(alice.Id);
        await bench.SingleAsync(alice);
    }

    [Fact]
    public async Task AWrongManagementKeyIsToldAsSuchAndSettingTheRightOneGoesOn()
    {
        await using var bench = await KeyBench.StartAsync(withProvider: false);
        await bench.SetProviderAsync("sk-or-v1-wrong");
        var alice = await bench.AddAsync("alice");

        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Failed);
        var status = await bench.Bench.StatusAsync(alice.Id);
        status.Reason.ShouldContain("does not know the management key");
        status.Reason.ShouldNotContain("sk-or-v1-wrong");

        await bench.SetProviderAsync();
        await bench.SettleAsync(alice.Id);
        await bench.SingleAsync(alice);
    }

    [Fact]
    public async Task ATierWithoutACapGetsNoKeyAndSaysSo()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.AddAsync("alice", "bare");

        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Waiting);
        (await bench.Bench.StatusAsync(alice.Id)).Reason.ShouldContain("would have no cap");
        bench.Peer.Requests.ShouldBeEmpty();

        await bench.ChangeAsync(alice.Id, spec => spec with { Llm = new LlmWish(Limit: 3) });
        await bench.SettleAsync(alice.Id);
        (await bench.SingleAsync(alice)).Limit.ShouldBe(3);
    }

    [Fact]
    public async Task AProviderWhoseKeysAreInUseIsNotForgotten()
    {
        await using var bench = await KeyBench.StartAsync();
        await bench.RunningAsync("alice");

        var refused = await Should.ThrowAsync<StoreConflictException>(() => bench.Store.DeleteLlmProviderAsync("openrouter", default));

        refused.Message.ShouldContain("1 key");
    }
}
