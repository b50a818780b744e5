using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

public sealed class ManifestJsonTests
{
    public static TheoryData<string> Taken =>
        [.. GoldenTests.Inputs().Append(RepositoryFiles.ReadText("docs", "tenantry.sample.yaml")).Where(text => ManifestReader.Read(text, "x").Manifest is not null)];

    [Theory]
    [MemberData(nameof(Taken))]
    public void AManifestThatWasWrittenReadsBackTheSame(string yaml)
    {
        var manifest = Read(yaml);
        var json = ManifestJson.Write(manifest);
        var back = ManifestJson.Read(json);

        ManifestJson.Write(back).ShouldBe(json);
        ManifestDigest.Of(back).ShouldBe(ManifestDigest.Of(manifest));
        back.Services.Select(s => s.Name).ShouldBe(manifest.Services.Select(s => s.Name));
        back.Services[0].Env.ShouldBe(manifest.Services[0].Env, ignoreOrder: true);
    }

    [Fact]
    public void JsonWithUnknownMembersOrWithoutRequiredOnesIsRefused()
    {
        Should.Throw<JsonException>(() => ManifestJson.Read("""{"app":"x","version":"1","services":[],"zzz":1}"""));
        Should.Throw<JsonException>(() => ManifestJson.Read("""{"app":"x"}"""));
        Should.Throw<JsonException>(() => ManifestJson.Read("null"));
    }

    [Fact]
    public void TheDigestIsOfTheMeaningAndNotOfTheFile()
    {
        var one = Read("""
            # a comment
            app: hello
            version: 1
            services:
              web:
                command: [/bin/prog, --port, 8080]
                ports: [8080]
                env: { A: x, B: "y" }
                dependsOn: [db, job]
              db: { command: /bin/db }
              job: { command: /bin/job }
            tiers: { free: { cpu: 1.0, disk: 1GB }, pro: {} }
            defaultTier: free
            """);
        var other = Read("""
            tiers:
              pro: { memory: 128MB, runtime: crun }
              free: { disk: 1000MB, cpu: 1 }
            defaultTier: free
            services:
              job: { command: [/bin/job], stopGrace: 10s }
              db: { command: [/bin/db], stopSignal: SIGTERM }
              web:
                dependsOn: [job, db]
                env:
                  B: y
                  A: 'x'
                command: /bin/prog --port "8080"
                ports: [{ number: 8080, name: http }]
                health: { tcp: 8080, startPeriod: 60s }
            entry: web
            version: "1"
            app: hello
            egress: none
            """);
        ManifestDigest.Of(one).ShouldMatch("^sha256:[0-9a-f]{64}$");
        ManifestDigest.CanonicalJson(other).ShouldBe(ManifestDigest.CanonicalJson(one));
        ManifestDigest.Of(other).ShouldBe(ManifestDigest.Of(one));
    }

    [Fact]
    public void ChangingAnyOneValueChangesTheDigest()
    {
        var manifest = Read(RepositoryFiles.ReadText("docs", "tenantry.sample.yaml"));
        var json = ManifestJson.Write(manifest);
        var digests = new HashSet<string>(StringComparer.Ordinal) { ManifestDigest.Of(manifest) };
        var leaves = Leaves(JsonNode.Parse(json)!).Count();
        leaves.ShouldBeGreaterThan(150);
        for (var i = 0; i < leaves; i++)
        {
            var copy = JsonNode.Parse(json)!;
            var leaf = Leaves(copy).ElementAt(i);
            if (!Change(leaf))
                continue;
            digests.Add(ManifestDigest.Of(ManifestJson.Read(copy.ToJsonString()))).ShouldBeTrue(leaf.GetPath());
        }
        digests.Count.ShouldBeGreaterThan(150);
    }

    private static readonly HashSet<string> Enums = [.. new[] { typeof(PortProtocol), typeof(RootKind), typeof(SandboxRuntime), typeof(GeneratedKind), typeof(SecretScope), typeof(LlmReset), typeof(EgressMode), typeof(FeatureType), typeof(WebhookAnswer), typeof(DayOfWeek) }.SelectMany(Enum.GetNames)];

    private static IEnumerable<JsonValue> Leaves(JsonNode node) => node switch
    {
        JsonObject o => o.SelectMany(p => Leaves(p.Value!)),
        JsonArray a => a.SelectMany(item => Leaves(item!)),
        _ => [(JsonValue)node],
    };

    // A word of an enum cannot become any other text; those are left as they are.
    private static bool Change(JsonValue leaf)
    {
        switch (leaf.GetValueKind())
        {
            case JsonValueKind.True or JsonValueKind.False:
                leaf.ReplaceWith(!leaf.GetValue<bool>());
                return true;
            case JsonValueKind.Number:
                leaf.ReplaceWith(decimal.Parse(leaf.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) + 1);
                return true;
            case JsonValueKind.String when TimeSpan.TryParse(leaf.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture, out var time):
                leaf.ReplaceWith(time.Add(TimeSpan.FromSeconds(1)).ToString("c"));
                return true;
            case JsonValueKind.String when Enums.Contains(leaf.GetValue<string>()):
                return false;
            default:
                leaf.ReplaceWith(leaf.GetValue<string>() + "x");
                return true;
        }
    }

    private static Manifest Read(string text)
    {
        var result = ManifestReader.Read(text, "tenantry.yaml");
        result.Problems.ShouldBeEmpty();
        return result.Manifest.ShouldNotBeNull();
    }
}
