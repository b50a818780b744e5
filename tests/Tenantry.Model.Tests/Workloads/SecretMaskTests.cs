using System.Text;
using System.Text.Json;
using Tenantry.Model.Workloads;

namespace Tenantry.Model.Tests.Workloads;

public class SecretMaskTests
{
    [Theory]
    [InlineData("hunter2-of-alice", "bad key hunter2-of-alice\nbye", "bad key ***\nbye")]
    [InlineData("-----BEGIN KEY-----\nMIIBVgIBADANBg\nabc\n-----END KEY-----\n", "read MIIBVgIBADANBg, abc", "read ***, abc")]
    [InlineData("one\r\ntwo-three\r\n", "two-three!", "***!")]
    [InlineData("p@ss w\"rd", "smtp://app:p%40ss%20w%22rd@mail", "smtp://app:***@mail")]
    [InlineData("longer-secret", "Z longer-secretlonger-secret", "Z ******")]
    [InlineData("s3cr", "pin s3cr, not s3cret", "pin ***, not s3cret")]
    [InlineData("on", "It is on and on.", "It is on and on.")]
    [InlineData("", "as it is", "as it is")]
    public void AValueIsNotInTheText(string value, string text, string expected) => new SecretMask([value]).Of(text).ShouldBe(expected);

    [Fact]
    public void AValueIsFoundInJsonAndInBase64()
    {
        const string value = "pä\"ss<word>\\";
        var text = JsonSerializer.Serialize(value) + Convert.ToBase64String(Encoding.UTF8.GetBytes(value));

        new SecretMask([value]).Of(text).ShouldNotContain("word");
        new SecretMask([value]).Of(text).ShouldStartWith("\"***\"***");
    }
}
