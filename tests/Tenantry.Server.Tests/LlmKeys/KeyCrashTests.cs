using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.LlmKeys;

/// <summary>Whatever goes wrong at any request, before or after it was carried out: in the end there is one key, and its instance has its text.</summary>
public sealed class KeyCrashTests
{
    private const int MostRequests = 40;

    public static TheoryData<bool> BeforeAndAfter => [true, false];

    [Theory]
    [MemberData(nameof(BeforeAndAfter))]
    public async Task AFailureAtAnyRequestOfAMakingLeavesNoSecondKey(bool isBefore)
    {
        await using var bench = await KeyBench.StartAsync();
        bench.Peer.AddStrangers(250);
        for (var number = 1; ; number++)
        {
            number.ShouldBeLessThan(MostRequests);
            var hasMet = Arm(bench, number, isBefore);

            var spec = await bench.AddAsync($"t{number}");
            await bench.SettleAsync(spec.Id);

            await bench.SingleAsync(spec);
            bench.Peer.Keys.Count.ShouldBe(250 + number);
            if (!hasMet())
                break;
        }
    }

    [Theory]
    [MemberData(nameof(BeforeAndAfter))]
    public async Task AFailureAtAnyRequestOfARotationLeavesOneKey(bool isBefore)
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        for (var number = 1; ; number++)
        {
            number.ShouldBeLessThan(MostRequests);
            var hasMet = Arm(bench, number, isBefore);
            var before = (await bench.SingleAsync(alice)).Hash;

            await bench.ChangeAsync(alice.Id, spec => spec with { Llm = spec.Llm with { Rotation = spec.Llm.Rotation + 1 } });
            await bench.SettleAsync(alice.Id);

            (await bench.SingleAsync(alice)).Hash.ShouldNotBe(before);
            bench.Peer.Keys.Count.ShouldBe(1);
            if (!hasMet())
                break;
        }
    }

    [Theory]
    [MemberData(nameof(BeforeAndAfter))]
    public async Task AFailureAtAnyRequestOfADeletionLeavesNoKey(bool isBefore)
    {
        await using var bench = await KeyBench.StartAsync();
        for (var number = 1; ; number++)
        {
            number.ShouldBeLessThan(MostRequests);
            var spec = await bench.RunningAsync($"t{number}");
            var hasMet = Arm(bench, number, isBefore);

            await bench.Bench.WantAsync(spec.Id, DesiredState.Deleted);
            for (var tries = 0; await bench.Bench.PassAsync(spec.Id) != PassEnd.Removed; tries++)
            {
                tries.ShouldBeLessThan(20);
                bench.Bench.Time.Advance(TimeSpan.FromMinutes(10));
            }

            bench.Peer.Keys.ShouldBeEmpty();
            if (!hasMet())
                break;
        }
    }

    [Fact]
    public async Task Defect4AKeyWhoseTextWasLostIsFoundBehind250OthersRevokedAndMadeAnew()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.AddAsync("alice");
        var lost = bench.Peer.Add("tenantry/alice/llm-key/id-alice", 5, "monthly");
        lost.Disabled = true;
        bench.Peer.AddStrangers(250);

        await bench.SettleAsync(alice.Id);

        var key = await bench.SingleAsync(alice);
        key.Hash.ShouldNotBe(lost.Hash);
        bench.Peer.Keys.Count.ShouldBe(251);
    }

    [Fact]
    public async Task ASecretThatWasUnsetIsALostTextAndGetsANewKey()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var lost = await bench.SingleAsync(alice);

        await bench.Store.DeleteSecretAsync(SecretPlace.Of(alice, SecretScope.Instance, KeyBench.Secret), default);
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Hash.ShouldNotBe(lost.Hash);
        bench.Peer.Keys.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(401)]
    [InlineData(404)]
    public async Task Defect5AFailureOfTheProviderIsNeverReadAsAKeyThatIsGone(int status)
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var key = await bench.SingleAsync(alice);
        bench.Peer.Before = _ => status == 500 ? PeerFault.Error(500) : PeerFault.Page(status);

        await bench.ChangeAsync(alice.Id, spec => spec with { Tier = "pro" });
        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Retry);
        bench.Peer.Before = _ => null;
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Hash.ShouldBe(key.Hash);
        bench.Peer.Requests.Count(request => request.Method == "POST").ShouldBe(1);
    }

    [Fact]
    public async Task AnotherCapThanWasAskedForIsNotTaken()
    {
        await using var bench = await KeyBench.StartAsync();
        bench.Peer.Distort = limit => limit * 100;
        var alice = await bench.AddAsync("alice");

        (await bench.Bench.PassAsync(alice.Id)).ShouldBe(PassEnd.Failed);

        (await bench.Bench.StatusAsync(alice.Id)).Reason.ShouldContain("at most $500 monthly in place of at most $5 monthly");
        bench.Peer.Keys.ShouldBeEmpty();
    }

    /// <summary>The n-th request from now on fails, once. Tells whether there was one.</summary>
    private static Func<bool> Arm(KeyBench bench, int number, bool isBefore)
    {
        var (seen, hasMet) = (0, false);
        PeerFault? Meet(PeerRequest request)
        {
            if (++seen != number)
                return null;
            hasMet = true;
            // One that is repeated by itself would hide what a doubtful one does.
            return request.Method == "POST" ? PeerFault.Error(502) : PeerFault.Error(400, "Not now");
        }

        bench.Peer.Before = request => isBefore ? Meet(request) : null;
        bench.Peer.After = request => isBefore ? null : Meet(request);
        return () => hasMet;
    }
}
