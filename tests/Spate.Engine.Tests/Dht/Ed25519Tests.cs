using System.Text;
using Spate.Engine.Dht;

namespace Spate.Engine.Tests.Dht;

public class Ed25519Tests
{
    [Theory] // RFC 8032, 7.1
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Signs_and_verifies_as_the_RFC_says(string seed, string publicKey, string message, string signature)
    {
        byte[] secret = Convert.FromHexString(seed), text = Convert.FromHexString(message);
        Assert.True(Ed25519.IsAvailable);
        Assert.Equal(publicKey, Convert.ToHexStringLower(Ed25519.PublicKeyOf(secret)));
        Assert.Equal(signature, Convert.ToHexStringLower(Ed25519.Sign(secret, text)));
        Assert.True(Ed25519.Verify(Convert.FromHexString(publicKey), text, Convert.FromHexString(signature)));
        Assert.False(Ed25519.Verify(Convert.FromHexString(publicKey), [.. text, 0], Convert.FromHexString(signature)));
    }

    [Theory] // BEP 44, tests 1 and 2 (their secret is not the 32 bytes that OpenSSL takes, so they are verified here, not signed)
    [InlineData("", "3:seqi1e1:v12:Hello World!", "4a533d47ec9c7d95b1ad75f576cffc641853b750",
        "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01")]
    [InlineData("foobar", "4:salt6:foobar3:seqi1e1:v12:Hello World!", "411eba73b6f087ca51a3795d9c8c938d365e32c1",
        "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08")]
    public void Items_of_the_BEP_are_what_it_says(string salt, string signed, string target, string signature)
    {
        byte[] key = Convert.FromHexString("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548");
        byte[] saltBytes = Encoding.ASCII.GetBytes(salt);
        byte[] buffer = DhtItem.SignedBytes(saltBytes, 1, "12:Hello World!"u8);
        Assert.Equal(signed, Encoding.ASCII.GetString(buffer));
        Assert.Equal(target, DhtItem.TargetOf(key, saltBytes).ToString());
        Assert.True(Ed25519.Verify(key, buffer, Convert.FromHexString(signature)));
        Assert.False(Ed25519.Verify(key, DhtItem.SignedBytes(saltBytes, 2, "12:Hello World!"u8), Convert.FromHexString(signature)));
    }

    [Fact] // BEP 44, test 3
    public void Immutable_item_of_the_BEP() =>
        Assert.Equal("e5f96f6f38320f0f33959cb4d3d656452117aadb", DhtItem.Immutable("12:Hello World!"u8.ToArray()).Target.ToString());

    [Fact]
    public void Own_items_verify_and_bad_ones_are_refused()
    {
        byte[] seed = new byte[32];
        seed[0] = 7;
        DhtItem item = DhtItem.Mutable(seed, "s"u8.ToArray(), 3, "i5e"u8.ToArray());
        Assert.True(Ed25519.Verify(item.PublicKey.Span, DhtItem.SignedBytes("s"u8, 3, "i5e"u8), item.Signature.Span));
        Assert.Throws<ArgumentException>(() => DhtItem.Immutable("i05e"u8.ToArray()));
        Assert.Throws<ArgumentException>(() => DhtItem.Immutable("d1:bi1e1:ai2ee"u8.ToArray()));
        Assert.Throws<ArgumentException>(() => DhtItem.Immutable(Encoding.ASCII.GetBytes($"998:{new string('x', 998)}")));
        Assert.Throws<ArgumentException>(() => DhtItem.Mutable(seed, new byte[65], 1, "i5e"u8.ToArray()));
        Assert.Throws<ArgumentOutOfRangeException>(() => DhtItem.Mutable(seed, default, -1, "i5e"u8.ToArray()));
        Assert.Throws<ArgumentException>(() => Ed25519.Sign(new byte[31], [1]));
    }

    [Fact]
    public void Lengths_that_others_send_do_not_throw()
    {
        for (int i = 0; i < 100; i++) Assert.False(Ed25519.Verify(new byte[i], [1], new byte[i]));
        Assert.False(Ed25519.Verify(new byte[32], [1], new byte[64]));
    }
}
