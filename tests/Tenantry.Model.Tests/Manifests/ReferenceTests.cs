using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

public sealed class ReferenceTests
{
    [Fact]
    public void ReferencesAreFoundWithTheirPlaces() =>
        References.In("a ${x.y}\n  $${no} ${z}$ ${open\n${}").ShouldBe(
        [
            new Reference("x.y", 2, 6, 1, 3, true),
            new Reference("z", 18, 4, 2, 10, true),
            new Reference("open", 24, 6, 2, 16, false),
            new Reference("", 31, 3, 3, 1, true),
        ]);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("${a}${b}", "AB")]
    [InlineData("x${a}y$", "xAy$")]
    [InlineData("$a $$ $5", "$a $$ $5")]
    [InlineData("$${a} ${a}", "${a} A")]
    [InlineData("$$${a}", "$${a}")]
    public void ReferencesAreExpandedAndEscapesUndone(string text, string expected) =>
        ReferenceExpander.Expand(text, name => name.ToUpperInvariant()).ShouldBe(expected);

    [Fact]
    public void AValueIsNeverExpandedItself() =>
        ReferenceExpander.Expand("<${secret.x}>", _ => "${secret.y} $${z}").ShouldBe("<${secret.y} $${z}>");

    [Fact]
    public void AnUnknownReferenceIsNamedWithItsPlace()
    {
        var error = Should.Throw<UnknownReferenceException>(() => ReferenceExpander.Expand("one\n two ${tenant.nme}", _ => null));
        error.Message.ShouldContain("Line 2, column 6: ${tenant.nme} has no value");
        error.Reference.Name.ShouldBe("tenant.nme");
    }

    [Fact]
    public void AnUnclosedReferenceIsNotExpandedEvenWhenItsNameIsKnown() =>
        Should.Throw<UnknownReferenceException>(() => ReferenceExpander.Expand("${tenant.name", _ => "alice")).Message.ShouldContain("never closed");

    [Fact]
    public void EveryReferenceThatTheReaderKnowsHasAValue()
    {
        var manifest = Read("""
            app: hello
            version: 2.1
            services:
              web:
                command: /bin/true
                ports: [8080]
            secrets:
              token: {}
              extra: { required: false }
            features:
              beta: true
              seats: 5
            """);
        var values = new ReferenceValues
        {
            Manifest = manifest,
            Tier = manifest.Tiers[0] with { Memory = 268_435_456 },
            TenantName = "alice",
            TenantDisplayName = "Alice & Sons",
            Organization = "acme",
            Slug = "alice-staging",
            Url = "http://alice-staging.localhost:8080",
            Host = "alice-staging.localhost",
            Environment = "staging",
            ReleaseId = "r7",
            Features = new Dictionary<string, string>(StringComparer.Ordinal) { ["seats"] = "12" },
            Secret = name => name == "token" ? "s3cret" : null,
        };

        foreach (var name in References.Fixed.Keys)
            values.Find(name).ShouldNotBeNullOrEmpty(name);
        ReferenceExpander.Expand("${tenant.displayName}|${app.version}|${tier.memoryMb}|${feature.beta}|${feature.seats}|${secret.token}|${secret.extra}|${service.web.host}:${service.web.port}", values.Find)
            .ShouldBe("Alice & Sons|2.1|268|true|12|s3cret||127.0.0.1:8080");
        foreach (var unknown in (string[])["tenant", "tenant.email", "secret.other", "feature.x", "service.db.host", "service.web.url", ""])
            values.Find(unknown).ShouldBeNull(unknown);
        (values with { Secret = _ => null }).Find("secret.token").ShouldBeNull("a required secret without a value must stop the instance");
        (values with { TenantDisplayName = null }).Find("tenant.displayName").ShouldBe("alice");
    }

    [Fact]
    public void SourcesAreTakenIntoTheManifest()
    {
        var manifest = Read("""
            app: hello
            version: 1
            services:
              web:
                command: /bin/true
                files:
                  /etc/a: { source: a.conf, mode: "0444" }
                  /etc/b: { template: text }
            """);
        var whole = ManifestSources.Inline(manifest, path => path == "a.conf" ? "from the file" : null);

        whole.Services[0].Files.Select(f => (f.Source, f.Template)).ShouldBe([(null, "from the file"), (null, "text")]);
        whole.Services[0].Files[0].Mode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Should.Throw<FileNotFoundException>(() => ManifestSources.Inline(manifest, _ => null)).Message.ShouldContain("a.conf");
    }

    [Fact]
    public void MistakesInSourcesAreReportedAtTheirPlaceInTheSourceAndAMissingOneWhereItIsNamed()
    {
        var manifest = ManifestReader.Read("""
            app: hello
            version: 1
            services:
              web:
                command: /bin/true
                files:
                  /etc/a: { source: a.conf }
                  /etc/b: { source: gone.conf }
                  /etc/c: { source: c.conf }
            """, "tenantry.yaml");
        ManifestSources.Check(manifest, path => path switch
        {
            "a.conf" => "one\n  two ${tenant.nam} $${fine}\n${secret.token}",
            "c.conf" => "${tenant.name}",
            _ => null,
        }).Select(p => p.ToString().Split(". ")[0]).ShouldBe(
        [
            "a.conf:2:7: services.web.files[\"/etc/a\"]: ${tenant.nam} names nothing",
            "a.conf:3:1: services.web.files[\"/etc/a\"]: 'token' is not declared under secrets.",
            "tenantry.yaml:8:25: services.web.files[\"/etc/b\"].source: There is no file 'gone.conf' in the manifest's folder, or it is not text, or a link leads out of the folder.",
        ]);
    }

    private static Manifest Read(string text)
    {
        var result = ManifestReader.Read(text, "tenantry.yaml");
        result.Problems.ShouldBeEmpty();
        return result.Manifest.ShouldNotBeNull();
    }
}
