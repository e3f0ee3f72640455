"""Networks that nobody here wrote: the small members of each family, from packages by name.

Weights are random, so nothing is downloaded. Pictures are as small as the net allows.
"""

from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """One net: `maker` is module:callable of an installed package, called with `options`."""

    name: str
    maker: str
    options: dict[str, Any] = field(default_factory=dict)
    side: int = 96

    @property
    def package(self) -> str:
        """The package's import name."""
        return self.maker.partition(".")[0].partition(":")[0]

    def installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.package) is not None

    def build(self) -> Any:
        """The torch.nn.Module with its own initial weights, in eval mode."""
        module, _, function = self.maker.partition(":")
        made = import_module(module)
        for part in function.split("."):
            made = getattr(made, part)
        return made(**self.options).eval()


def _timm(names: str, side: int = 96, **options: Any) -> list[Architecture]:
    return [
        Architecture(
            name,
            "timm:create_model",
            {"model_name": name, "pretrained": False, "num_classes": 10, **options},
            side,
        )
        for name in names.split()
    ]


def _pytorchcv(names: str, side: int = 96, **options: Any) -> list[Architecture]:
    maker = "pytorchcv.model_provider:get_model"
    return [Architecture(name, maker, {"name": name, **options}, side) for name in names.split()]


def _sized(names: str, side: int) -> list[Architecture]:
    """pytorchcv's nets that take any size, when they are told."""
    return _pytorchcv(names, side, in_size=(side, side))


def _smp(names: str, encoder: str, side: int = 96) -> list[Architecture]:
    options = {"encoder_name": encoder, "encoder_weights": None, "classes": 4}
    return [
        Architecture(f"smp {name}, {encoder}", f"segmentation_models_pytorch:{name}", options, side)
        for name in names.split()
    ]


def _vit(name: str, maker: str, **options: Any) -> Architecture:
    return Architecture(f"vit-pytorch {name}", f"vit_pytorch.{maker}", options)


_LIBRE = "libreyolo.models"
_PATCHES = {"image_size": 96, "patch_size": 16, "num_classes": 10, "dim": 96}

ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        # Residual nets and their kin
        *_timm("resnet18 resnet18d seresnext26t_32x4d ecaresnet26t skresnet18 resnest14d"),
        *_timm("res2net50_14w_8s resnetv2_18 nf_regnet_b0 eca_nfnet_l0 regnetx_002"),
        *_timm("repvgg_a0 hgnetv2_b0 dla46_c cs3darknet_focus_s ese_vovnet19b_dw"),
        *_timm("densenet121 hrnet_w18_small inception_v3", 128),
        *_pytorchcv("preresnet20_cifar10 diaresnet20_cifar10 resnext20_16x4d_cifar10", 32),
        *_pytorchcv("bam_resnet18 cbam_resnet18 zfnet", 224),
        # Small nets for phones
        *_timm("mobilenetv1_100 mobilenetv2_050 mobilenetv3_small_050 mobilenetv4_conv_small_050"),
        *_timm("mobilenetv4_hybrid_medium efficientnet_b0 tf_efficientnet_lite0"),
        *_timm("tf_efficientnetv2_b0 mnasnet_small mixnet_s ghostnet_050 fasternet_t0 starnet_s1"),
        *_pytorchcv("shufflenet_g1_wd4 shufflenetv2_wd2 squeezenet_v1_1 condensenet74_c4_g4", 224),
        Architecture(
            "efficientnet_pytorch b0",
            "efficientnet_pytorch:EfficientNet.from_name",
            {"model_name": "efficientnet-b0", "image_size": 96, "num_classes": 10},
        ),
        # Modern convolutions
        *_timm("convnext_atto convnextv2_atto mambaout_femto edgenext_xx_small swiftformer_xs"),
        *_timm("fastvit_t8 repvit_m0_9 poolformer_s12 efficientvit_b0"),
        # Mixers and transformers
        *_timm("mixer_s32_224 gmlp_s16_224 resmlp_12_224 vit_tiny_patch16_224", img_size=96),
        *_timm("deit_tiny_patch16_224 cait_xxs24_224 xcit_nano_12_p16_224 pit_ti_224", img_size=96),
        *_timm("swin_tiny_patch4_window7_224", img_size=96, window_size=3, embed_dim=48),
        *_timm("coatnet_pico_rw_224 levit_128s", img_size=96),
        *_timm("mobilevit_xxs mobilevitv2_050 pvt_v2_b0 tiny_vit_5m_224"),
        *_timm("efficientformer_l1", 224),
        _vit("SimpleViT", "simple_vit:SimpleViT", **_PATCHES, depth=4, heads=3, mlp_dim=192),
        _vit("ViT", "vit:ViT", **_PATCHES, depth=4, heads=3, mlp_dim=192),
        # Segmentation
        *_smp("Unet FPN Linknet DeepLabV3Plus PSPNet", "mobilenet_v2"),
        *_smp("Unet", "vgg11_bn"),
        *_smp("PAN", "resnet18", 128),
        *_sized("fastscnn_cityscapes lednet_cityscapes enet_cityscapes", 128),
        *_sized("bisenet_resnet18_celebamaskhq sinet_cityscapes", 128),
        Architecture("PIDNet s", f"{_LIBRE}.pidnet.nn:LibrePIDNetNet", {"size": "s"}, 128),
        # Faces, poses, detectors
        *_sized("centernet_resnet18_voc simplepose_mobile_mobilenetv3_small_w1_coco", 128),
        *_sized("lwopenpose2d_mobilenet_cmupan_coco lffd20x5s320v2_widerface", 128),
        Architecture("MTCNN P-Net", "facenet_pytorch:PNet", {"pretrained": False}, 48),
        Architecture("MTCNN R-Net", "facenet_pytorch:RNet", {"pretrained": False}, 24),
        Architecture("MTCNN O-Net", "facenet_pytorch:ONet", {"pretrained": False}, 48),
        Architecture("YOLOX nano", f"{_LIBRE}.yolox.nn:LibreYOLOXModel", {"config": "n"}, 128),
        Architecture("YOLOv9 tiny", f"{_LIBRE}.yolo9.nn:LibreYOLO9Model", {"config": "t"}, 128),
        Architecture("PicoDet s", f"{_LIBRE}.picodet.nn:LibrePICODETModel", {"size": "s"}, 128),
    )
}
