using System.Text.Json.Nodes;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

public sealed class ManifestSchemaTests
{
    private static readonly JsonObject Schema = (JsonObject)JsonNode.Parse(ManifestSchema.ToJson())!;

    [Fact]
    public void TheSchemaTakesWhateverTheReaderTakes()
    {
        var taken = GoldenTests.Inputs().Append(RepositoryFiles.ReadText("docs", "tenantry.sample.yaml")).Where(text => ManifestReader.Read(text, "x").Manifest is not null).ToList();
        taken.Count.ShouldBeGreaterThan(5);
        foreach (var text in taken)
            SchemaCheck.Refused(Schema, YamlAsJson.Parse(text)).ShouldBeEmpty(text);
    }

    [Theory]
    [InlineData("unknown-keys", ".servces: unknown", ".services.web.comand: unknown", ".tiers.free.ram: unknown")]
    [InlineData("missing-everything", ".app: required", ".version: required", ".services: required")]
    [InlineData("bad-values", ".app: pattern", ".services.Web: name", ".services.Web.ports[0]: anyOf", ".tiers.free.cpu: minimum", ".tiers.free.runtime: enum", ".tiers.free.memory: anyOf", ".wake.waitingPage: type", ".services.Web.stopSignal: enum", ".manifest: const")]
    [InlineData("wrong-types", ".app: type", ".build: type", ".services.db: type", ".webhooks: type", ".egress: anyOf")]
    [InlineData("empty-values", ".build: type", ".services.web.env.A: type", ".tiers: minProperties", ".services.web.command: anyOf")]
    public void TheSchemaRefusesWhatAnEditorCanSee(string name, params string[] expected)
    {
        var refused = SchemaCheck.Refused(Schema, YamlAsJson.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.Golden, name + ".yaml")))).ToList();
        foreach (var place in expected)
            refused.ShouldContain(place);
    }

    [Fact]
    public void EveryKeySaysWhatItDoes()
    {
        ManifestSchema.Keys.Select(k => k.Path).ShouldBeUnique();
        foreach (var key in ManifestSchema.Keys)
        {
            key.Description.ShouldEndWith(".", Case.Sensitive, key.Path);
            char.IsUpper(key.Description[0]).ShouldBeTrue(key.Path);
        }
    }

    [Fact]
    public void WhatNothingActsOnYetAreKnownKeys() =>
        ManifestUse.Keys.Except(ManifestSchema.Keys.Select(k => k.Path), StringComparer.Ordinal).ShouldBeEmpty();
}
