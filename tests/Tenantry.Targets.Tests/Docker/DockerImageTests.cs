using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>Where images come from, and that a release keeps the one that it began with.</summary>
[Collection(EngineTests.Name)]
public sealed class DockerImageTests(EngineFixture engine)
{
    [NeedsDockerFact]
    public async Task AnImageIsPulledWithItsProgressToldAndARefusalExplained()
    {
        await using var registry = await StandInRegistry.StartAsync(engine.Network);
        await using var instances = new DockerInstances(engine);
        var digest = registry.Push("pulled", "pulled");
        var workload = Of(instances, "alice", "r1", $"{StandInRegistry.Repository}:pulled");

        var events = await instances.ApplyAsync(workload);

        var told = events.Where(step => step is { State: StepState.Progress, Resource.Kind: "image" }).Select(step => step.Message).ToList();
        told.ShouldContain(line => line.Contains("Pulling from app", StringComparison.Ordinal));
        told.ShouldContain(line => line.Contains("Pull complete", StringComparison.Ordinal));
        told.ShouldContain($"Digest: {digest}");
        (await MarkAsync(instances, workload)).ShouldBe("pulled");
        var failure = await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(Of(instances, "bob", "r1", $"{StandInRegistry.Repository}:nothing")));
        failure.Sentence.ShouldContain($"Pulling {StandInRegistry.Repository}:nothing failed: manifest unknown.");
    }

    [NeedsDockerFact]
    public async Task AnImageNamedByDigestIsThatImageWhateverItsTagsSay()
    {
        await using var registry = await StandInRegistry.StartAsync(engine.Network);
        await using var instances = new DockerInstances(engine);
        var first = registry.Push("named", "first of the named");
        registry.Push("named", "second of the named");
        var workload = Of(instances, "alice", "r1", $"{StandInRegistry.Repository}@{first}");

        await instances.ApplyAsync(workload);

        (await MarkAsync(instances, workload)).ShouldBe("first of the named");
    }

    [NeedsDockerFact]
    public async Task AReleaseKeepsItsImageWhenTheTagMovesAndTheNextReleaseTakesTheNewOne()
    {
        await using var registry = await StandInRegistry.StartAsync(engine.Network);
        await using var instances = new DockerInstances(engine);
        var image = $"{StandInRegistry.Repository}:moving";
        registry.Push("moving", "first");
        var (alice, bob, next) = (Of(instances, "alice", "r1", image), Of(instances, "bob", "r1", image), Of(instances, "carol", "r2", image));
        await instances.ApplyAsync(alice);
        registry.Push("moving", "second");
        using (var nothing = new MemoryStream())
        {
            // By hand, for something else.
            await using var pull = await engine.Engine.StreamAsync($"/images/create?fromImage={Uri.EscapeDataString(StandInRegistry.Repository)}&tag=moving", nothing, instances.Stop);
            using var reader = new StreamReader(pull);
            await reader.ReadToEndAsync(instances.Stop);
        }

        await instances.ApplyAsync(bob);
        await instances.ApplyAsync(next);

        (await MarkAsync(instances, bob)).ShouldBe("first", "tenants of one release run one image");
        (await MarkAsync(instances, next)).ShouldBe("second");

        // Also when nothing else names it any more, and its container is gone.
        await engine.Engine.DeleteAsync($"/images/{image}", instances.Stop);
        await engine.Engine.DeleteAsync($"/containers/{Targets.Docker.DockerNames.Container(alice.Ref, "main")}?force=1", instances.Stop);
        (await instances.ApplyAsync(alice)).ShouldNotContain(step => step.Resource.Kind == "image");
        (await MarkAsync(instances, alice)).ShouldBe("first");
    }

    [NeedsDockerFact]
    public async Task AnImageIsLoadedFromAnArchive()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        const string Name = "tenantry-test-archived:1";
        await EngineFixture.ImportAsync(engine.Engine, Name, instances.Stop);
        await using (var archive = await engine.Engine.StreamAsync($"/images/{Name}/get", null, instances.Stop))
        await using (var file = File.Create(folder.File("image.tar")))
            await archive.CopyToAsync(file, instances.Stop);
        await engine.Engine.DeleteAsync($"/images/{Name}", instances.Stop);
        var workload = instances.Workload("alice", "exec sleep 3600", all => all with
        {
            Release = new ReleaseSource("archived", folder.Path, null),
            Services = [all.Services[0] with { Image = null, Root = new RootSource(RootKind.Image, "image.tar") }],
        });

        await instances.ApplyAsync(workload);

        (await instances.RunAsync(workload, "echo from the archive")).Output.ShouldBe("from the archive");
    }

    [NeedsDockerFact]
    public async Task ADockerfileIsBuiltOnceForAllTenants()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        File.Copy(Programs.Find("busybox")!, folder.File("busybox"));
        await File.WriteAllTextAsync(folder.File("Dockerfile"), "FROM scratch\nARG MARK\nCOPY busybox /bin/busybox\nENV MARK=$MARK\n", instances.Stop);
        var build = new BuildWorkload($"{Guid.NewGuid():N}", ["Dockerfile", "busybox"], [], "Dockerfile", new Dictionary<string, string>(StringComparer.Ordinal) { ["MARK"] = "built here" }, ".");
        InstanceWorkload Made(string slug) => instances.Workload(slug, "exec sleep 3600", all => all with
        {
            Release = new ReleaseSource("built", folder.Path, build),
            Services = [all.Services[0] with { Image = null }],
        });
        var (alice, bob) = (Made("alice"), Made("bob"));

        var atOnce = await Task.WhenAll(instances.ApplyAsync(alice), instances.ApplyAsync(bob));
        var later = await instances.ApplyAsync(Made("carol"));

        atOnce.Count(steps => steps.Any(step => step.State == StepState.Progress && step.Message.StartsWith("Step 1/", StringComparison.Ordinal))).ShouldBe(1);
        later.ShouldNotContain(step => step.Message.StartsWith("Step 1/", StringComparison.Ordinal));
        (await instances.RunAsync(bob, "echo $MARK")).Output.ShouldBe("built here");
    }

    // Tags of ours stayed in the engine for ever.
    [NeedsDockerFact]
    public async Task WhatWasMadeForAReleaseGoesWithItAndNothingElse()
    {
        await using var instances = new DockerInstances(engine);
        const string Name = "tenantry-test-of-others:1";
        await EngineFixture.ImportAsync(engine.Engine, Name, instances.Stop);
        var (first, second) = ($"first-{Guid.NewGuid():N}", $"second-{Guid.NewGuid():N}");
        var keeper = (IReleases)instances.Harness.Target;
        async Task<List<string>> OursAsync() => [.. (await engine.Engine.GetAsync("/images/json", instances.Stop)).EnumerateArray().Select(image => image.GetProperty("RepoTags")).Where(tags => tags.ValueKind == JsonValueKind.Array).SelectMany(tags => tags.EnumerateArray()).Select(tag => tag.GetString()!).Where(tag => tag.StartsWith("tenantry/", StringComparison.Ordinal))];
        var before = await OursAsync();
        foreach (var (slug, release) in new[] { ("alice", first), ("bob", second) })
        {
            var workload = Of(instances, slug, release, Name);
            await instances.ApplyAsync(workload);
            await foreach (var _ in instances.Harness.Target.DeleteAsync(workload.Ref, instances.Stop))
            {
                // Only the end matters.
            }
        }

        (await keeper.ListKeptReleasesAsync(instances.Stop)).ShouldBe([first, second], ignoreOrder: true);
        (await OursAsync()).Except(before, StringComparer.Ordinal).Count().ShouldBe(2);
        await keeper.ForgetReleaseAsync(first, instances.Stop);
        (await OursAsync()).Except(before, StringComparer.Ordinal).Count().ShouldBe(1);
        await keeper.ForgetReleaseAsync(second, instances.Stop);
        await keeper.ForgetReleaseAsync(second, instances.Stop);
        (await OursAsync()).Except(before, StringComparer.Ordinal).ShouldBeEmpty();
        (await keeper.ListKeptReleasesAsync(instances.Stop)).ShouldBeEmpty();
        (await engine.Engine.GetAsync($"/images/{Name}/json", instances.Stop)).GetProperty("Id").GetString().ShouldNotBeNull();
    }

    [NeedsDockerFact]
    public async Task AnImageThatIsNowhereIsExplained()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "exec sleep 3600", all => all with { Services = [all.Services[0] with { Image = "127.0.0.1:9/nowhere/app:1" }] });

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(workload));

        failure.Sentence.ShouldContain("127.0.0.1:9/nowhere/app:1");
    }

    // It was tried again for ever.
    [NeedsDockerTheory]
    [InlineData("FROM scratch\nNONSENSE here\n", "unknown instruction")]
    [InlineData("FROM scratch\nCOPY not-there /\n", "not-there")]
    [InlineData("FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"sh\", \"-c\", \"echo boom; exit 3\"]\n", "boom")]
    public async Task ABuildThatIsBrokenIsNotTriedAgainAndTellsWhatToDo(string dockerfile, string why)
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        File.Copy(Programs.Find("busybox")!, folder.File("busybox"));
        await File.WriteAllTextAsync(folder.File("Dockerfile"), dockerfile, instances.Stop);
        var build = new BuildWorkload($"{Guid.NewGuid():N}", ["Dockerfile", "busybox"], [], "Dockerfile", new Dictionary<string, string>(StringComparer.Ordinal), ".");
        var workload = instances.Workload("alice", "exec sleep 3600", all => all with { Release = new ReleaseSource("broken", folder.Path, build), Services = [all.Services[0] with { Image = null }] });

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(workload));

        failure.Sentence.ShouldContain(why, Case.Insensitive);
        failure.Retryable.ShouldBeFalse(failure.Sentence);
        failure.Fix.ShouldNotBeNull().ShouldContain("tenantry app apply");
    }

    [Theory]
    [InlineData("Get https://registry.example/v2/: dial tcp: lookup registry.example: no such host", true)]
    [InlineData("write /layer.tar: no space left on device", true)]
    [InlineData("received unexpected HTTP status: 503 Service Unavailable", true)]
    [InlineData("The command '/bin/sh -c make' returned a non-zero code: 2", false)]
    [InlineData("pull access denied for nowhere, repository does not exist", false)]
    public void WhatWasInTheWayOfABuildIsToldFromItsOwnFault(string said, bool isInTheWay) => Targets.Docker.DockerErrors.IsInTheWay(said).ShouldBe(isInTheWay);

    [NeedsDockerFact]
    public async Task AForcedBuildUsesNothingOfAnEarlierOne()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        File.Copy(Programs.Find("busybox")!, folder.File("busybox"));
        await File.WriteAllTextAsync(folder.File("Dockerfile"), "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"cp\", \"/proc/sys/kernel/random/uuid\", \"/mark\"]\n", instances.Stop);
        async Task<string> MadeAsync(string slug, bool isForced)
        {
            var build = new BuildWorkload($"{Guid.NewGuid():N}", ["Dockerfile", "busybox"], [], "Dockerfile", new Dictionary<string, string>(StringComparer.Ordinal), ".", isForced);
            var workload = instances.Workload(slug, "exec sleep 3600", all => all with { Release = new ReleaseSource(slug, folder.Path, build), Services = [all.Services[0] with { Image = null }] });
            await instances.ApplyAsync(workload);
            return await MarkAsync(instances, workload);
        }

        var first = await MadeAsync("alice", isForced: false);

        (await MadeAsync("bob", isForced: false)).ShouldBe(first, "the engine keeps the parts of a build");
        (await MadeAsync("carol", isForced: true)).ShouldNotBe(first);
    }

    [NeedsDockerFact]
    public async Task AnImageIsLoadedFromAnOciLayout()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        await OciLayouts.WriteAsync(engine.Engine, EngineFixture.Image, folder.File("layout"), instances.Stop);
        var workload = instances.Workload("alice", "exec sleep 3600", all => all with
        {
            Release = new ReleaseSource("layout", folder.Path, null),
            Services = [all.Services[0] with { Image = null, Root = new RootSource(RootKind.Image, "layout") }],
        });

        await instances.ApplyAsync(workload);

        (await instances.RunAsync(workload, "echo from the layout")).Output.ShouldBe("from the layout");
    }

    private static InstanceWorkload Of(DockerInstances instances, string slug, string release, string image) => instances.Workload(slug, "exec sleep 3600", all => all with
    {
        Release = new ReleaseSource(release, "", null),
        Services = [all.Services[0] with { Image = image }],
    });

    private static async Task<string> MarkAsync(DockerInstances instances, InstanceWorkload workload) => (await instances.RunAsync(workload, "cat /mark")).Output;
}

/// <summary>An image of the engine as a folder after the Image Layout Specification of the Open Container Initiative.</summary>
internal static class OciLayouts
{
    internal static async Task WriteAsync(IEngine engine, string image, string folder, CancellationToken cancellationToken)
    {
        var blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs/sha256")).FullName;
        await using var saved = await engine.StreamAsync($"/images/{image}/get", null, cancellationToken);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await using (var tar = new System.Formats.Tar.TarReader(saved))
        {
            while (await tar.GetNextEntryAsync(copyData: true, cancellationToken) is { } entry)
            {
                if (entry.DataStream is not { } data)
                    continue;
                using var content = new MemoryStream();
                await data.CopyToAsync(content, cancellationToken);
                files[entry.Name] = content.ToArray();
            }
        }

        JsonObject Keep(byte[] blob, string type)
        {
            var digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(blob));
            File.WriteAllBytes(Path.Combine(blobs, digest), blob);
            return new JsonObject { ["mediaType"] = type, ["size"] = blob.Length, ["digest"] = "sha256:" + digest };
        }

        var list = JsonNode.Parse(files["manifest.json"])![0]!;
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["config"] = Keep(files[list["Config"]!.GetValue<string>()], "application/vnd.oci.image.config.v1+json"),
            ["layers"] = new JsonArray([.. list["Layers"]!.AsArray().Select(layer => Keep(files[layer!.GetValue<string>()], "application/vnd.oci.image.layer.v1.tar"))]),
        };
        var index = new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(Keep(System.Text.Encoding.UTF8.GetBytes(manifest.ToJsonString()), "application/vnd.oci.image.manifest.v1+json")) };
        await File.WriteAllTextAsync(Path.Combine(folder, "index.json"), index.ToJsonString(), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""", cancellationToken);
    }
}
