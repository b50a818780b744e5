using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Wire;
using Tenantry.Server.Secrets;
using static Tenantry.Server.Tests.Api.SecretSamples;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>What the engine alone can do with secrets, asked over the API.</summary>
public class SecretKeyTests
{
    [Fact]
    public async Task AnExportIsReadableByItsKeyAlone()
    {
        await using var api = await SharedAsync();
        await PutAsync(api, "/v1/instances/alice/secrets/own", "HUSH!");
        await PutAsync(api, "/v1/apps/shared/secrets/licence", "HUSH, too");
        using var reader = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

        var text = await (await api.Local.PostAsync("/v1/instances/alice/secrets/export", Json(new { publicKey = reader.ExportSubjectPublicKeyInfoPem() }))).Content.ReadAsStringAsync();

        text.ShouldNotContain("HUSH");
        var export = System.Text.Json.JsonSerializer.Deserialize<ExportSecretsResponse>(text, WireJson.Options)!;
        export.Secrets.Select(one => SecretSealer.Open(reader, ExportedSecret.Context(export.App, one.Name), Convert.FromBase64String(one.Sealed))).Order(StringComparer.Ordinal)
            .ShouldBe(["HUSH!", "HUSH, too"]);
        Should.Throw<CryptographicException>(() => SecretSealer.Open(other, ExportedSecret.Context(export.App, export.Secrets[0].Name), Convert.FromBase64String(export.Secrets[0].Sealed)));
        (await api.Local.GetStringAsync("/v1/audit")).ShouldContain("secret.export");
    }

    [Fact]
    public async Task AnEngineWithAListOfRecipientsExportsToNobodyElseWhateverTheWebSideNames()
    {
        await using var api = await WithAliceAsync();
        await PutAsync(api, "/v1/instances/alice/secrets/api-key", "sk-hush");
        using var known = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        api.Engine.Secrets = new EngineSecrets(api.Store, api.Vault, api.Engine.Secrets!.Rekey, ExportRecipients.Read($"# who keeps the backups\n{known.ExportSubjectPublicKeyInfoPem()}\n", "recipients.pem"), NullLogger<EngineSecrets>.Instance);

        var refused = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances/alice/secrets/export", Json(new { publicKey = other.ExportSubjectPublicKeyInfoPem() })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        refused.Detail.ShouldContain("--export-recipients");
        refused.Detail.ShouldContain(ExportRecipients.MarkOf(other.ExportSubjectPublicKeyInfo()));
        var export = await ReadAsync<ExportSecretsResponse>(await api.Local.PostAsync("/v1/instances/alice/secrets/export", Json(new { publicKey = known.ExportSubjectPublicKeyInfoPem() })));
        export.Secrets.ShouldHaveSingleItem().Name.ShouldBe("api-key");
        (await api.Local.GetStringAsync("/v1/audit")).ShouldContain(ExportRecipients.MarkOf(other.ExportSubjectPublicKeyInfo()), Case.Sensitive, "what was refused, too");
    }

    [Fact]
    public void AListOfRecipientsHoldsPublicKeysAndIsRefusedWholeOtherwise()
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var large = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        ExportRecipients.Read("", "f").Admits(key.ExportSubjectPublicKeyInfo()).ShouldBeFalse();
        ExportRecipients.Any.Admits(key.ExportSubjectPublicKeyInfo()).ShouldBeTrue();
        var good = key.ExportSubjectPublicKeyInfoPem();
        foreach (var text in (string[])["sk-hush", key.ExportPkcs8PrivateKeyPem(), large.ExportSubjectPublicKeyInfoPem(), $"{good}\n{good[..^10]}"])
        {
            var wrong = Should.Throw<People.Oidc.ServeConfigurationException>(() => ExportRecipients.Read(text, "f"));
            wrong.Message.ShouldStartWith("--export-recipients: f holds");
            wrong.Message.ShouldNotContain("sk-hush");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")]
    [InlineData("private")]
    [InlineData("P-384")]
    public async Task AnExportIsSealedToNoOtherSortOfKey(string kind)
    {
        await using var api = await WithAliceAsync();
        using var small = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var large = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        var pem = kind switch { "private" => small.ExportPkcs8PrivateKeyPem(), "P-384" => large.ExportSubjectPublicKeyInfoPem(), _ => kind };

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances/alice/secrets/export", Json(new { publicKey = pem })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Detail.ShouldContain("openssl");
    }

    [Fact]
    public async Task TheEngineKeyIsReplacedOnTheSocketAloneAndEverythingStaysReadable()
    {
        await using var api = await SharedAsync();
        await PutAsync(api, "/v1/instances/alice/secrets/own", "mine");
        var mark = api.Keys.PresentMark;
        await ProblemAsync(await api.Client(await api.TokenAsync()).PostAsync("/v1/secrets/rekey", null), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        using var dry = await api.Local.PostAsync("/v1/secrets/rekey?dryRun=true", null);
        api.Keys.PresentMark.ShouldBe(mark);

        var report = await ReadAsync<RekeyResponse>(await api.Local.PostAsync("/v1/secrets/rekey", null));

        (report.DataKeys, report.Mark).ShouldBe((1, api.Keys.PresentMark));
        report.Mark.ShouldNotBe(mark);
        (await api.OpenAsync("alice"))["own"].ShouldBe("mine");
    }

    [Fact]
    public async Task ASecretCanBeWrittenWithoutTheEngineOnceTheTenantHasADataKey()
    {
        await using var api = await SharedAsync();
        api.Engine.IsAway = true;
        await ProblemAsync(await api.Local.PutAsync("/v1/instances/alice/secrets/own", Json(new { value = "one" })), HttpStatusCode.ServiceUnavailable, ProblemCodes.EngineUnavailable);
        api.Engine.IsAway = false;
        await PutAsync(api, "/v1/instances/alice/secrets/own", "one");
        api.Engine.IsAway = true;
        await PutAsync(api, "/v1/instances/alice/secrets/own", "two");
        (await api.OpenAsync("alice"))["own"].ShouldBe("two");
    }
}
