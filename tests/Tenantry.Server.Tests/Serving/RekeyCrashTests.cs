using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Tenantry.Model.Wire;
using Tenantry.Server.Secrets;

namespace Tenantry.Server.Tests.Serving;

/// <summary>The engine is killed, as by <c>kill -9</c>, at every step of replacing its key: the next start finishes it, and every value is readable.</summary>
public class RekeyCrashTests
{
    [Fact]
    public async Task ReplacingTheEngineKeySurvivesAKillAtEveryStep()
    {
        using var folder = new TestFolder();
        using var reader = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        await using (var first = await ServeProcess.StartFreeAsync(folder.Data))
        {
            using var client = first.Client();
            using var app = await client.PostAsJsonAsync("/v1/apps", new { manifest = Api.TestApi.Manifest.Replace("\"sk-[a-z]+\" }", "\"sk-[a-z]+\" }\n  other: {}", StringComparison.Ordinal) });
            app.IsSuccessStatusCode.ShouldBeTrue(await app.Content.ReadAsStringAsync());
            foreach (var name in new[] { "alice", "bob" })
            {
                // They wait for another secret: nothing runs.
                using var instance = await client.PostAsJsonAsync("/v1/instances", new { tenant = name, app = "notes", newTenant = new { name } });
                instance.IsSuccessStatusCode.ShouldBeTrue(await instance.Content.ReadAsStringAsync());
                using var put = await client.PutAsJsonAsync($"/v1/instances/{name}/secrets/api-key", new { value = $"sk-{name}" });
                put.IsSuccessStatusCode.ShouldBeTrue(await put.Content.ReadAsStringAsync());
            }

            (await first.TerminateAsync()).ShouldBe(0, first.Log);
        }

        var kills = 0;
        while (true)
        {
            var before = await File.ReadAllTextAsync(KeyOf(folder));
            await using (var serve = await ServeProcess.StartAsync(folder.Data, [(CrashAtRekey.Variable, $"{kills + 1}")], "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"))
            {
                using var client = serve.Client();
                if (await RekeyAsync(client))
                    break;
                (await serve.EndAsync()).ShouldNotBe(0);
            }

            kills++;
            await using var next = await ServeProcess.StartFreeAsync(folder.Data);
            using var again = next.Client();
            foreach (var name in new[] { "alice", "bob" })
                (await ValueAsync(again, reader, name)).ShouldBe($"sk-{name}", $"after kill {kills}: {next.Log}");
            (await File.ReadAllTextAsync(KeyOf(folder))).ShouldNotBe(before, $"after kill {kills}");
            File.Exists(KeyOf(folder) + ".next").ShouldBeFalse();
            (await next.TerminateAsync()).ShouldBe(0, next.Log);
        }

        // Begin, two data keys, the store's word, the file's place.
        kills.ShouldBe(5);
    }

    private static string KeyOf(TestFolder folder) => Path.Combine(folder.Data, "engine", "engine.key");

    // False: it was killed over it.
    private static async Task<bool> RekeyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.PostAsync("/v1/secrets/rekey", null);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<string> ValueAsync(HttpClient client, ECDiffieHellman reader, string slug)
    {
        using var answer = await client.PostAsJsonAsync($"/v1/instances/{slug}/secrets/export", new { publicKey = reader.ExportSubjectPublicKeyInfoPem() });
        var export = JsonSerializer.Deserialize<ExportSecretsResponse>(await answer.Content.ReadAsStringAsync(), WireJson.Options)!;
        var secret = export.Secrets.Single(one => one.Name == "api-key");
        return SecretSealer.Open(reader, ExportedSecret.Context(export.App, secret.Name), Convert.FromBase64String(secret.Sealed));
    }
}
